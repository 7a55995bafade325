//! `trap`, `umask`, `ulimit`, `times`.

use crate::run::{Run, Shell, Trap};
use crate::signal::Signal;
use crate::text::quote;

pub(super) async fn trap(shell: &mut Shell, args: &[String]) -> Run {
    let args = match args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => args,
    };
    match args {
        [] => return list(shell, &[]).await,
        [first, rest @ ..] if first == "-p" => return list(shell, rest).await,
        [first, ..] if first == "-l" => {
            let names = (1..=31).map(|number| format!("{number}) SIG{}", Signal(number).name()));
            let text = names.collect::<Vec<_>>().join("\n");
            return shell.print(&format!("{text}\n")).await;
        }
        _ => {}
    }
    let (command, names) = match args {
        [only] => (None, std::slice::from_ref(only)),
        [first, rest @ ..] if first == "-" => (None, rest),
        // `trap 2` and `trap 2 3` reset, as POSIX says.
        [first, ..] if first.parse::<u8>().is_ok() => (None, args),
        [first, rest @ ..] => (Some(first.clone()), rest),
        [] => return Ok(0),
    };
    let mut status = 0;
    for name in names {
        let Some(trap) = Trap::parse(name) else {
            status = shell
                .fail(1, &format!("trap: {name}: invalid signal specification"))
                .await?;
            continue;
        };
        match &command {
            None => {
                shell.traps.remove(&trap);
            }
            Some(command) => {
                if shell.variables.charge(command.len()).is_err() {
                    return shell.fail(1, "trap: cannot allocate memory").await;
                }
                shell.traps.insert(trap, command.clone());
            }
        }
    }
    Ok(status)
}

async fn list(shell: &mut Shell, names: &[String]) -> Run {
    let wanted: Vec<Trap> = names.iter().filter_map(|name| Trap::parse(name)).collect();
    let mut text = String::new();
    for (trap, command) in &shell.traps {
        if names.is_empty() || wanted.contains(trap) {
            text.push_str(&format!("trap -- {} {}\n", quote(command), trap.name()));
        }
    }
    shell.print(&text).await
}

pub(super) async fn umask(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "Sp") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("umask", letter).await,
    };
    let Some(text) = letters.rest.first() else {
        let mask = shell.umask;
        let mut text = if letters.has('S') {
            let part = |bits: u32| {
                let allowed = !mask >> bits & 7;
                let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
                let on = letters.iter().filter(|(bit, _)| allowed & bit != 0);
                on.map(|(_, letter)| letter).collect::<String>()
            };
            format!("u={},g={},o={}\n", part(6), part(3), part(0))
        } else {
            format!("{mask:04o}\n")
        };
        if letters.has('p') {
            text.insert_str(
                0,
                if letters.has('S') {
                    "umask -S "
                } else {
                    "umask "
                },
            );
        }
        return shell.print(&text).await;
    };
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        match u32::from_str_radix(text, 8) {
            Ok(mask) if mask <= 0o777 => {
                shell.umask = mask;
                return Ok(0);
            }
            _ => {
                return shell
                    .fail(1, &format!("umask: {text}: octal number out of range"))
                    .await;
            }
        }
    }
    match symbolic(text, shell.umask) {
        Some(mask) => {
            shell.umask = mask;
            Ok(0)
        }
        None => {
            shell
                .fail(
                    1,
                    &format!("umask: `{text}': invalid symbolic mode operator"),
                )
                .await
        }
    }
}

/// `u=rwx,g-w`: the mask that results.
fn symbolic(text: &str, mask: u32) -> Option<u32> {
    let mut allowed = !mask & 0o777;
    for clause in text.split(',') {
        let at = clause.find(['=', '+', '-'])?;
        let (who, rest) = clause.split_at(at);
        let mut sign = rest.chars();
        let operator = sign.next()?;
        let mut bits = 0;
        for letter in sign {
            bits |= match letter {
                'r' => 4,
                'w' => 2,
                'x' => 1,
                _ => return None,
            };
        }
        let who = if who.is_empty() { "a" } else { who };
        for person in who.chars() {
            let shifts: &[u32] = match person {
                'u' => &[6],
                'g' => &[3],
                'o' => &[0],
                'a' => &[6, 3, 0],
                _ => return None,
            };
            for shift in shifts {
                match operator {
                    '+' => allowed |= bits << shift,
                    '-' => allowed &= !(bits << shift),
                    _ => allowed = allowed & !(7 << shift) | bits << shift,
                }
            }
        }
    }
    Some(!allowed & 0o777)
}

/// Limits are the sandbox's: they can be asked for, and not be raised here.
pub(super) async fn ulimit(shell: &mut Shell, args: &[String]) -> Run {
    let Ok(letters) = super::letters(args, "HSabcdefiklmnpqrstuvxPRT") else {
        return shell.fail(2, "ulimit: invalid option").await;
    };
    if !letters.rest.is_empty() {
        return Ok(0);
    }
    let text = match letters
        .given
        .iter()
        .rev()
        .find(|(letter, _)| !"HS".contains(*letter))
    {
        Some(('c', _)) => "0\n",
        Some(('n', _)) => "256\n",
        Some(('s', _)) => "8192\n",
        Some(('p', _)) => "8\n",
        Some(('a', _)) => {
            "open files (-n) 256\nfile size (-f) unlimited\nmax user processes (-u) unlimited\n"
        }
        _ => "unlimited\n",
    };
    shell.print(text).await
}

pub(super) async fn times(shell: &mut Shell) -> Run {
    let (user, system) = shell.system.children_times();
    let show = |time: std::time::Duration| {
        format!(
            "{}m{}.{:03}s",
            time.as_secs() / 60,
            time.as_secs() % 60,
            time.subsec_millis()
        )
    };
    let text = format!("0m0.000s 0m0.000s\n{} {}\n", show(user), show(system));
    shell.print(&text).await
}

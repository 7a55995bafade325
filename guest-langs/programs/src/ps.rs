//! `ps`: the processes of the sandbox. Which are chosen cannot be said: all are
//! shown.

use std::fmt::Write as _;
use std::time::Duration;

use sandcell::command::{CommandInfo, ExitStatus, Process, Running};

/// The program.
pub(crate) fn ps(process: Process) -> Running {
    Box::pin(async move {
        let words = process.argv().iter().skip(1);
        let letters: Vec<u8> = words.flatten().copied().collect();
        // `ps`, `ps -ef` and `ps aux` have columns of their own.
        let form = match () {
            () if letters.contains(&b'u') => Form::Usage,
            () if letters.contains(&b'f') => Form::Full,
            () => Form::Short,
        };
        let table = table(form, &process.processes());
        if let Some(stdout) = process.descriptor(1) {
            // Nobody may be there to read it.
            let _unread = stdout.write_all(table.as_bytes()).await;
        }
        ExitStatus::SUCCESS
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Short,
    Full,
    Usage,
}

fn table(form: Form, processes: &[CommandInfo]) -> String {
    let mut table = match form {
        Form::Short => "    PID TTY          TIME CMD\n",
        Form::Full => "UID          PID    PPID  C STIME TTY          TIME CMD\n",
        Form::Usage => {
            "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
        }
    }
    .to_owned();
    for process in processes {
        let user = process.env.get(&b"USER"[..]);
        let user = user.map_or_else(|| "user".into(), |user| String::from_utf8_lossy(user));
        let (pid, time) = (process.pid, clock(process.age));
        // A String takes what is written to it.
        let _taken = match form {
            Form::Short => {
                let name = words(process.argv.get(..1).unwrap_or_default());
                let name = name.rsplit('/').next().unwrap_or_default();
                writeln!(table, "{pid:>7} ?        {time} {name}")
            }
            Form::Full => {
                let (parent, command) = (process.parent, words(&process.argv));
                writeln!(
                    table,
                    "{user:<8} {pid:>7} {parent:>7}  0 -     ?        {time} {command}"
                )
            }
            Form::Usage => {
                let command = words(&process.argv);
                writeln!(
                    table,
                    "{user:<8} {pid:>7}  0.0  0.0      0     0 ?        S    -     {time} {command}"
                )
            }
        };
    }
    table
}

/// A command line on one line.
fn words(argv: &[Vec<u8>]) -> String {
    let words = argv.iter().map(|word| String::from_utf8_lossy(word));
    let line = words.collect::<Vec<_>>().join(" ");
    line.replace(|sign: char| sign.is_control(), " ")
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_command_lines_have_one_form() {
        assert_eq!(clock(Duration::from_secs(3_723)), "01:02:03");
        assert_eq!(words(&[b"a".to_vec(), b"b\nc".to_vec()]), "a b c");
        assert_eq!(table(Form::Short, &[]).lines().count(), 1);
    }
}

//! `getopts`.

use crate::run::{Run, Shell};

pub(super) async fn getopts(shell: &mut Shell, args: &[String]) -> Run {
    let [known, name, rest @ ..] = args else {
        return shell
            .fail(2, "getopts: usage: getopts optstring name [arg ...]")
            .await;
    };
    let words = if rest.is_empty() {
        shell.positional.as_ref().clone()
    } else {
        rest.to_vec()
    };
    let silent = known.starts_with(':');
    let quiet = silent || shell.value("OPTERR").as_deref() == Some("0");
    let mut index: usize = shell
        .value("OPTIND")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    if index == 0 {
        index = 1;
        shell.getopts_at = 0;
    }
    let word = words.get(index - 1);
    let at_start = shell.getopts_at == 0;
    let is_option = word.is_some_and(|word| word.len() > 1 && word.starts_with('-'));
    if at_start && (!is_option || word.is_some_and(|word| word == "--")) {
        if is_option {
            index += 1;
            shell.set("OPTIND", &index.to_string());
        }
        shell.set(name, "?");
        return Ok(1);
    }
    let word = word.cloned().unwrap_or_default();
    let at = shell.getopts_at.max(1);
    let Some(letter) = word.get(at..).and_then(|rest| rest.chars().next()) else {
        shell.getopts_at = 0;
        shell.set(name, "?");
        return Ok(1);
    };
    let behind = word
        .get(at + letter.len_utf8()..)
        .unwrap_or_default()
        .to_owned();
    let place = known.find(letter).filter(|_| letter != ':');
    let mut next_at = if behind.is_empty() {
        0
    } else {
        at + letter.len_utf8()
    };
    let mut result = letter.to_string();
    let mut value = None;
    match place {
        None => {
            if !quiet {
                let message = format!("{}: illegal option -- {letter}\n", shell.name);
                shell.say(&message).await;
            }
            result = "?".to_owned();
            value = silent.then(|| letter.to_string());
        }
        Some(place) => {
            let takes = known
                .get(place + letter.len_utf8()..)
                .unwrap_or_default()
                .starts_with(':');
            if takes {
                next_at = 0;
                if !behind.is_empty() {
                    value = Some(behind);
                } else if let Some(next) = words.get(index) {
                    value = Some(next.clone());
                    index += 1;
                } else if silent {
                    result = ":".to_owned();
                    value = Some(letter.to_string());
                } else {
                    if !quiet {
                        let message =
                            format!("{}: option requires an argument -- {letter}\n", shell.name);
                        shell.say(&message).await;
                    }
                    result = "?".to_owned();
                }
            }
        }
    }
    if next_at == 0 {
        index += 1;
    }
    shell.set("OPTIND", &index.to_string());
    shell.getopts_at = next_at;
    match value {
        Some(value) => shell.set("OPTARG", &value),
        None => shell.variables.remove("OPTARG"),
    }
    if let Err(error) = shell.assign(name, None, &result, false) {
        return shell.fail(1, &format!("getopts: {error}")).await;
    }
    Ok(0)
}

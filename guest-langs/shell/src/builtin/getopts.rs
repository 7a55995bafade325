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
    let mut step = Step {
        result: letter.to_string(),
        value: None,
        index,
        next_at: if behind.is_empty() {
            0
        } else {
            at + letter.len_utf8()
        },
    };
    let complaint = step.decide(known, letter, &behind, &words, silent);
    if let Some(complaint) = complaint.filter(|_| !quiet) {
        let message = format!("{}: {complaint} -- {letter}\n", shell.name);
        shell.say(&message).await;
    }
    if step.next_at == 0 {
        step.index += 1;
    }
    shell.set("OPTIND", &step.index.to_string());
    shell.getopts_at = step.next_at;
    match step.value {
        Some(value) => shell.set("OPTARG", &value),
        None => shell.variables.remove("OPTARG"),
    }
    if let Err(error) = shell.assign(name, None, &step.result, false) {
        return shell.fail(1, &format!("getopts: {error}")).await;
    }
    Ok(0)
}

/// What one letter comes to.
struct Step {
    result: String,
    value: Option<String>,
    index: usize,
    /// How far the word is read; 0 goes to the next.
    next_at: usize,
}

impl Step {
    /// Looks the letter up; what is wrong comes back.
    fn decide(
        &mut self,
        known: &str,
        letter: char,
        behind: &str,
        words: &[String],
        silent: bool,
    ) -> Option<&'static str> {
        let Some(place) = known.find(letter).filter(|_| letter != ':') else {
            "?".clone_into(&mut self.result);
            self.value = silent.then(|| letter.to_string());
            return Some("illegal option");
        };
        let rest = known.get(place + letter.len_utf8()..).unwrap_or_default();
        if !rest.starts_with(':') {
            return None;
        }
        self.next_at = 0;
        if !behind.is_empty() {
            self.value = Some(behind.to_owned());
        } else if let Some(next) = words.get(self.index) {
            self.value = Some(next.clone());
            self.index += 1;
        } else if silent {
            ":".clone_into(&mut self.result);
            self.value = Some(letter.to_string());
        } else {
            "?".clone_into(&mut self.result);
            return Some("option requires an argument");
        }
        None
    }
}

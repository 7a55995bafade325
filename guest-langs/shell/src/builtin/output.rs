//! `echo`.

use crate::escape;
use crate::run::{Run, Shell};

pub(super) async fn echo(shell: &mut Shell, args: &[String]) -> Run {
    let mut line_end = true;
    let mut escapes = shell.options.xpg_echo;
    let mut rest = args;
    while let Some((word, behind)) = rest.split_first() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        if !letters.chars().all(|c| "neE".contains(c)) {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'n' => line_end = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = behind;
    }
    let mut text = rest.join(" ");
    if escapes {
        let (expanded, ended) = escape::echo(&text);
        text = expanded;
        line_end &= !ended;
    }
    if line_end {
        text.push('\n');
    }
    shell.print(&text).await
}

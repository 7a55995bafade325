//! `stty`: shows and changes the terminal of the process that runs it.

use std::fmt::Write as _;

use sandcell::command::{ExitStatus, Process, Running};
use sandcell::stream::{Descriptor, Mode, Terminal, TerminalSize};

/// The program.
pub(crate) fn stty(process: Process) -> Running {
    Box::pin(async move {
        let words = process.argv().iter().skip(1);
        let words: Vec<String> = words
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let terminal = process.descriptor(0).and_then(Descriptor::terminal);
        let done = match terminal {
            Some(terminal) => apply(&terminal, &words),
            None => Err("'standard input': Inappropriate ioctl for device".to_owned()),
        };
        let (number, text, status) = match done {
            Ok(text) => (1, text, ExitStatus::SUCCESS),
            Err(reason) => (2, format!("stty: {reason}\n"), ExitStatus::Code(1)),
        };
        if let Some(stream) = process.descriptor(number) {
            // Nobody may be there to read it.
            let _unread = stream.write_all(text.as_bytes()).await;
        }
        status
    })
}

/// Does what the words say, one after the other, and answers what is to be shown.
fn apply(terminal: &Terminal, words: &[String]) -> Result<String, String> {
    let mut shown = String::new();
    let mut mode = terminal.mode();
    let mut size = terminal.size();
    let mut words = words.iter();
    if words.len() == 0 {
        return Ok(all(mode, size));
    }
    while let Some(word) = words.next() {
        let (name, on) = match word.strip_prefix('-') {
            Some(name) => (name, false),
            None => (word.as_str(), true),
        };
        match name {
            "a" if !on => shown.push_str(&all(mode, size)),
            "g" if !on => shown.push_str(&saved(mode)),
            "F" if !on => {
                // There is one terminal only.
                words.next();
            }
            "size" => {
                // A String takes what is written to it.
                let _taken = writeln!(shown, "{} {}", size.rows, size.columns);
            }
            "echo" => mode.echo = on,
            "icanon" => mode.lines = on,
            "isig" => mode.signals = on,
            "opost" | "onlcr" => mode.newlines = on,
            "sane" | "cooked" if on => mode = Mode::COOKED,
            "raw" => mode = if on { Mode::RAW } else { Mode::COOKED },
            "cbreak" => mode.lines = !on,
            "rows" | "cols" | "columns" => {
                let number = words.next().and_then(|number| number.parse().ok());
                let number = number.ok_or_else(|| format!("missing argument to '{name}'"))?;
                if name == "rows" {
                    size.rows = number;
                } else {
                    size.columns = number;
                }
            }
            // Switches of lines that this terminal does not have.
            "echoe" | "echok" | "echoctl" | "echoke" | "echonl" | "ixon" | "ixoff" | "iexten"
            | "icrnl" | "inlcr" | "igncr" | "brkint" | "istrip" | "inpck" | "parenb" | "iutf8" => {}
            "min" | "time" | "intr" | "erase" | "kill" | "eof" | "quit" | "susp" | "speed" => {
                words.next();
            }
            _ => match restored(word) {
                Some(saved) => mode = saved,
                None => return Err(format!("invalid argument '{word}'")),
            },
        }
    }
    terminal.set_mode(mode);
    terminal.resize(size);
    Ok(shown)
}

fn switches(mode: Mode) -> [(&'static str, bool); 4] {
    [
        ("icanon", mode.lines),
        ("echo", mode.echo),
        ("isig", mode.signals),
        ("opost", mode.newlines),
    ]
}

fn all(mode: Mode, size: TerminalSize) -> String {
    let mut text = format!(
        "speed 38400 baud; rows {}; columns {};\n",
        size.rows, size.columns
    );
    text.push_str(
        "intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; werase = ^W; rprnt = ^R;\n",
    );
    let words = switches(mode).map(|(name, on)| {
        if on {
            name.to_owned()
        } else {
            format!("-{name}")
        }
    });
    text.push_str(&words.join(" "));
    text.push('\n');
    text
}

/// What `stty "$(stty -g)"` takes.
fn saved(mode: Mode) -> String {
    let bits = switches(mode).map(|(_, on)| if on { '1' } else { '0' });
    format!("{}\n", bits.iter().collect::<String>())
}

fn restored(word: &str) -> Option<Mode> {
    let mut bits = [false; 4];
    if word.len() != bits.len() {
        return None;
    }
    for (bit, sign) in bits.iter_mut().zip(word.bytes()) {
        *bit = match sign {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
    }
    let [lines, echo, signals, newlines] = bits;
    Some(Mode {
        lines,
        echo,
        signals,
        newlines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_survives_being_saved() {
        for mode in [Mode::COOKED, Mode::RAW] {
            assert_eq!(restored(saved(mode).trim()), Some(mode));
        }
        for bad in ["", "11", "11112", "abcd"] {
            assert_eq!(restored(bad), None);
        }
    }
}

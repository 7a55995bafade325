//! Standard output and standard error: what a guest wrote on its way to a
//! terminal is made harmless, what goes elsewhere is left alone.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::escape::{Filter, visible};

/// Colours for the command's own words. Light ones, readable on any background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Red,
    Green,
    Yellow,
    Cyan,
    Bold,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Cyan => "\x1b[36m",
            Self::Bold => "\x1b[1m",
        }
    }
}

/// Whether the escapes of a guest reach a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// They are shown as text.
    Shown,
    /// They are passed on, because the user asked for it.
    Passed,
}

/// One of our two outputs.
pub(crate) struct Output {
    target: Box<dyn Write + Send>,
    /// Present when a guest's bytes must be made harmless.
    filter: Option<Filter>,
    terminal: bool,
    colours: bool,
    /// False in the middle of a line.
    at_line_start: bool,
}

impl Output {
    /// Standard output.
    pub(crate) fn stdout(escapes: Escapes) -> Self {
        let stream = io::stdout();
        let terminal = stream.is_terminal();
        Self::new(
            Box::new(stream),
            terminal,
            terminal && colours_wanted(),
            escapes,
        )
    }

    /// Standard error.
    pub(crate) fn stderr(escapes: Escapes) -> Self {
        let stream = io::stderr();
        let terminal = stream.is_terminal();
        Self::new(
            Box::new(stream),
            terminal,
            terminal && colours_wanted(),
            escapes,
        )
    }

    fn new(target: Box<dyn Write + Send>, terminal: bool, colours: bool, escapes: Escapes) -> Self {
        Self {
            target,
            filter: (terminal && escapes == Escapes::Shown).then(Filter::default),
            terminal,
            colours,
            at_line_start: true,
        }
    }

    pub(crate) fn is_coloured(&self) -> bool {
        self.colours
    }

    /// Writes bytes of a guest, now.
    pub(crate) fn guest(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.filter {
            Some(filter) => {
                let shown = filter.feed(bytes);
                self.write(shown.as_bytes())
            }
            None => self.write(bytes),
        }
    }

    /// The form of a guest's text that may be mixed with our own.
    pub(crate) fn safe<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.filter {
            Some(_) => visible(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Writes a line of our own, on a line of its own.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.fresh_line()?;
        self.write(format!("{text}\n").as_bytes())
    }

    /// Ends the line that a guest left unfinished.
    pub(crate) fn fresh_line(&mut self) -> io::Result<()> {
        let rest = self.filter.as_mut().map(Filter::finish).unwrap_or_default();
        self.write(rest.as_bytes())?;
        if self.at_line_start {
            Ok(())
        } else {
            self.write(b"\n")
        }
    }

    /// Ends an unfinished line where a prompt would come to stand on it. In a pipe
    /// or file it stays as the guest wrote it.
    pub(crate) fn fresh_line_on_terminal(&mut self) -> io::Result<()> {
        if self.terminal {
            self.fresh_line()
        } else {
            Ok(())
        }
    }

    /// A word of our own in a colour, if colours are wanted.
    pub(crate) fn paint(&self, colour: Colour, text: &str) -> String {
        if self.colours && !text.is_empty() {
            format!("{}{text}\x1b[0m", colour.code())
        } else {
            text.to_owned()
        }
    }

    /// Writes bytes as they are, now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(last) = bytes.last() else {
            return Ok(());
        };
        self.at_line_start = *last == b'\n';
        self.target.write_all(bytes)?;
        self.target.flush()
    }
}

/// How the terminal on standard input is set, to be put back when the process
/// ends while somebody types.
#[derive(Debug)]
pub(crate) struct Terminal(Option<Termios>);

impl Terminal {
    pub(crate) fn now() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    pub(crate) fn restore(&self) {
        if let Some(settings) = &self.0 {
            // There is nobody left to tell.
            let _gone = tcsetattr(io::stdin(), OptionalActions::Now, settings);
        }
    }
}

/// Colours are for terminals that can show them and users who want them.
pub(crate) fn colours_wanted() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a message of our own to standard error, for example `error: ...`. A
/// message can quote a guest or a file from elsewhere: it is made harmless.
///
/// Nothing can be done when standard error is gone, so nothing is.
pub(crate) fn say(label: &str, colour: Colour, message: &str) {
    let mut output = Output::stderr(Escapes::Shown);
    let label = output.paint(colour, &format!("{label}:"));
    let _nobody_listens = output.line(&format!("{label} {}", visible(message)));
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A target whose contents can be read afterwards.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        /// What a terminal would get.
        pub(crate) fn terminal(&self, escapes: Escapes) -> Output {
            Output::new(Box::new(self.clone()), true, true, escapes)
        }

        /// What a pipe would get.
        pub(crate) fn pipe(&self) -> Output {
            Output::new(Box::new(self.clone()), false, false, Escapes::Shown)
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_terminal_gets_no_escapes_of_a_guest() {
        let shared = Shared::default();
        let mut output = shared.terminal(Escapes::Shown);
        output.guest(b"\x1b[2J").unwrap();
        output.line(&output.paint(Colour::Red, "ours")).unwrap();
        assert_eq!(shared.text(), "\\x1b[2J\n\x1b[31mours\x1b[0m\n");
    }

    #[test]
    fn a_terminal_gets_the_escapes_that_the_user_asked_for() {
        let shared = Shared::default();
        shared.terminal(Escapes::Passed).guest(b"\x1b[2J").unwrap();
        assert_eq!(shared.text(), "\x1b[2J");
    }

    #[test]
    fn a_pipe_gets_every_byte_and_no_colours() {
        let shared = Shared::default();
        let mut output = shared.pipe();
        output.guest(b"\x1b[2J\x00").unwrap();
        output.guest("\u{9b}".as_bytes()).unwrap();
        assert_eq!(output.paint(Colour::Red, "ours"), "ours");
        assert_eq!(shared.text(), "\x1b[2J\0\u{9b}");
    }

    #[test]
    fn a_line_of_ours_never_hangs_on_one_of_the_guest() {
        let shared = Shared::default();
        let mut output = shared.terminal(Escapes::Shown);
        output.guest(b"half\xe2").unwrap();
        output.line("ours").unwrap();
        output.line("again").unwrap();
        assert_eq!(shared.text(), "half\\xe2\nours\nagain\n");
    }
}

//! A terminal: what is typed becomes lines and signals, what is written becomes
//! what a screen shows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::pipe::{self, PipeReader, PipeWriter};

/// Bytes of a line that is being typed; more are refused with a bell.
const LINE_BYTES: usize = 4095;

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Characters of a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// 80 by 24.
impl Default for TerminalSize {
    fn default() -> Self {
        Self {
            columns: 80,
            rows: 24,
        }
    }
}

/// What a terminal does with what is typed and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the independent switches that terminals have"
)]
pub struct Mode {
    /// Readers get whole lines, which can be edited before (`ICANON`); carriage
    /// returns are line ends.
    pub lines: bool,
    /// What is typed is shown (`ECHO`).
    pub echo: bool,
    /// Ctrl-C and the like become signals (`ISIG`).
    pub signals: bool,
    /// Line ends that programs write go to the start of the line, too (`OPOST`).
    pub newlines: bool,
}

impl Mode {
    /// How terminals are by themselves: all of it.
    pub const COOKED: Self = Self {
        lines: true,
        echo: true,
        signals: true,
        newlines: true,
    };

    /// Bytes go through as they are.
    pub const RAW: Self = Self {
        lines: false,
        echo: false,
        signals: false,
        newlines: false,
    };
}

/// A terminal, as whoever sits at it or a program on it holds it. Clones are the
/// same terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    inner: Arc<Inner>,
}

/// A terminal without keeping it there.
#[derive(Debug, Clone)]
pub(super) struct WeakTerminal(Weak<Inner>);

impl WeakTerminal {
    pub(super) fn upgrade(&self) -> Option<Terminal> {
        self.0.upgrade().map(|inner| Terminal { inner })
    }
}

/// Sends a signal, by its number, to a group of processes.
type Tell = Box<dyn Fn(u32, u8) + Send + Sync>;

struct Inner {
    state: Mutex<State>,
    /// What is typed, on its way to the programs.
    typed: PipeWriter,
    /// What is shown, on its way to whoever sits there.
    shown: PipeWriter,
    tell: Tell,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State {
    size: TerminalSize,
    mode: Mode,
    /// The line that is being typed.
    line: Vec<u8>,
    /// The group of processes that signals go to.
    foreground: Option<u32>,
}

/// The ends of a terminal's pipes.
#[derive(Debug)]
pub(crate) struct Ends {
    /// What the programs read.
    pub(crate) input: PipeReader,
    /// Where the programs write.
    pub(crate) output: PipeWriter,
    /// What is shown, before line ends are changed.
    pub(crate) shown: PipeReader,
}

mod key {
    pub(super) const END: u8 = 0x04;
    pub(super) const BACKSPACE: u8 = 0x08;
    pub(super) const INTERRUPT: u8 = 0x03;
    pub(super) const REPRINT: u8 = 0x12;
    pub(super) const KILL_LINE: u8 = 0x15;
    pub(super) const KILL_WORD: u8 = 0x17;
    pub(super) const SUSPEND: u8 = 0x1a;
    pub(super) const QUIT: u8 = 0x1c;
    pub(super) const DELETE: u8 = 0x7f;
}

/// Numbers of the signals that keys send.
const INT: u8 = 2;
const QUIT: u8 = 3;
const WINCH: u8 = 28;

impl Terminal {
    /// A new terminal, and the ends of its pipes. `tell` is called for signals,
    /// without a lock held.
    pub(crate) fn new(
        size: TerminalSize,
        tell: impl Fn(u32, u8) + Send + Sync + 'static,
    ) -> (Self, Ends) {
        let mut ends = None;
        let inner = Arc::new_cyclic(|weak| {
            let (input, typed) = pipe::of_terminal(WeakTerminal(weak.clone()), true);
            let (shown, output) = pipe::of_terminal(WeakTerminal(weak.clone()), false);
            let echo = output.clone();
            ends = Some(Ends {
                input,
                output,
                shown,
            });
            Inner {
                state: Mutex::new(State {
                    size,
                    mode: Mode::COOKED,
                    line: Vec::new(),
                    foreground: None,
                }),
                typed,
                shown: echo,
                tell: Box::new(tell),
            }
        });
        #[expect(clippy::expect_used, reason = "the closure above has always run")]
        let ends = ends.expect("ends");
        (Self { inner }, ends)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> TerminalSize {
        self.lock().size
    }

    /// Changes its size; the programs in the foreground are told by `WINCH`.
    pub fn resize(&self, size: TerminalSize) {
        let mut state = self.lock();
        let changed = state.size != size;
        state.size = size;
        let group = state.foreground;
        drop(state);
        if let Some(group) = group.filter(|_| changed) {
            (self.inner.tell)(group, WINCH);
        }
    }

    /// What it does with what is typed and written.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.lock().mode
    }

    /// Changes that. A line that was begun is given to the reader as it is when
    /// lines end.
    pub fn set_mode(&self, mode: Mode) {
        let mut state = self.lock();
        let line = if mode.lines {
            Vec::new()
        } else {
            std::mem::take(&mut state.line)
        };
        state.mode = mode;
        drop(state);
        if !line.is_empty() {
            // A full pipe swallows it, as terminals do.
            let _full = self.inner.typed.try_write(&line);
        }
    }

    /// The group of processes in the foreground.
    #[must_use]
    pub fn foreground(&self) -> Option<u32> {
        self.lock().foreground
    }

    /// Puts a group of processes into the foreground: Ctrl-C is for them.
    pub fn set_foreground(&self, group: u32) {
        self.lock().foreground = Some(group);
    }

    /// As [`Self::set_foreground`], unless a program was faster.
    pub(crate) fn start_foreground(&self, group: u32) {
        self.lock().foreground.get_or_insert(group);
    }

    /// Types these bytes, waiting while nobody reads what was typed before. What
    /// is typed when no program is left goes nowhere.
    pub async fn write(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = self.feed(rest);
            rest = rest.get(taken..).unwrap_or_default();
            if !rest.is_empty() && self.inner.typed.writable().await.is_none() {
                return;
            }
        }
    }

    /// Takes as many bytes as there is room for.
    fn feed(&self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for byte in bytes {
            let mut state = self.lock();
            let done = state.key(*byte, &self.inner);
            let foreground = state.foreground;
            drop(state);
            match done {
                Done::Taken => {}
                Done::NoRoom => break,
                Done::Signal(signal) => {
                    if let Some(group) = foreground {
                        (self.inner.tell)(group, signal);
                    }
                }
            }
            taken += 1;
        }
        taken
    }

    /// What is shown for bytes that programs wrote.
    pub(crate) fn shown(&self, bytes: bytes::Bytes) -> bytes::Bytes {
        if !self.mode().newlines || !bytes.contains(&b'\n') {
            return bytes;
        }
        let mut shown = Vec::with_capacity(bytes.len() + bytes.len() / 16 + 2);
        for byte in bytes {
            if byte == b'\n' {
                shown.push(b'\r');
            }
            shown.push(byte);
        }
        shown.into()
    }
}

enum Done {
    Taken,
    /// The readers have to read first.
    NoRoom,
    Signal(u8),
}

impl State {
    /// One key.
    fn key(&mut self, byte: u8, pipes: &Inner) -> Done {
        if self.mode.signals
            && let key::INTERRUPT | key::QUIT | key::SUSPEND = byte
        {
            return self.signal(byte, pipes);
        }
        if !self.mode.lines {
            return self.pass(byte, pipes);
        }
        match byte {
            b'\r' | b'\n' => self.end_line(b"\n", pipes),
            key::END if self.line.is_empty() => {
                pipes.typed.put_end();
                Done::Taken
            }
            key::END => self.end_line(b"", pipes),
            key::BACKSPACE | key::DELETE => self.erase(pipes, 1),
            key::KILL_WORD => {
                let kept = word_start(&self.line);
                let count = characters(self.line.get(kept..).unwrap_or_default());
                self.erase(pipes, count)
            }
            key::KILL_LINE => self.erase(pipes, usize::MAX),
            key::REPRINT => {
                let line = self.line.clone();
                self.show(b"^R\n", pipes);
                for byte in line {
                    self.echo(byte, pipes);
                }
                Done::Taken
            }
            _ if self.line.len() >= LINE_BYTES => {
                self.show(b"\x07", pipes);
                Done::Taken
            }
            _ => {
                self.line.push(byte);
                self.echo(byte, pipes);
                Done::Taken
            }
        }
    }

    /// Ctrl-C and its like: what was typed before is forgotten.
    fn signal(&mut self, byte: u8, pipes: &Inner) -> Done {
        self.echo(byte, pipes);
        if byte == key::SUSPEND {
            // There is no stopping of processes.
            return Done::Taken;
        }
        self.line.clear();
        pipes.typed.forget();
        Done::Signal(if byte == key::QUIT { QUIT } else { INT })
    }

    fn pass(&self, byte: u8, pipes: &Inner) -> Done {
        match pipes.typed.try_write(&[byte]) {
            Ok(Some(_)) => {
                self.echo(byte, pipes);
                Done::Taken
            }
            Ok(None) => Done::NoRoom,
            Err(_) => Done::Taken,
        }
    }

    fn end_line(&mut self, end: &[u8], pipes: &Inner) -> Done {
        let mut line = self.line.clone();
        line.extend_from_slice(end);
        // At most 4,096 bytes: taken as a whole or not at all.
        if let Ok(None) = pipes.typed.try_write(&line) {
            return Done::NoRoom;
        }
        self.line.clear();
        self.show(end, pipes);
        Done::Taken
    }

    /// Takes back so many characters.
    fn erase(&mut self, pipes: &Inner, count: usize) -> Done {
        for _ in 0..count {
            let Some(last) = self.line.pop() else { break };
            let mut first = last;
            while (0x80..0xc0).contains(&first) {
                match self.line.pop() {
                    Some(byte) => first = byte,
                    None => break,
                }
            }
            let one: &[u8] = b"\x08 \x08";
            self.show(one, pipes);
            if is_spelt(first) {
                self.show(one, pipes);
            }
        }
        Done::Taken
    }

    fn echo(&self, byte: u8, pipes: &Inner) {
        if is_spelt(byte) && self.mode.lines {
            self.show(&[b'^', byte ^ 0x40], pipes);
        } else {
            self.show(&[byte], pipes);
        }
    }

    fn show(&self, bytes: &[u8], pipes: &Inner) {
        if self.mode.echo && !bytes.is_empty() {
            // A screen that nobody looks at shows nothing.
            let _full = pipes.shown.try_write(bytes);
        }
    }
}

/// Control characters are shown as `^C`, all but tabs and line ends.
const fn is_spelt(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t' && byte != b'\n') || byte == 0x7f
}

/// How many characters some bytes of UTF-8 are.
fn characters(bytes: &[u8]) -> usize {
    let continues = |byte: &&u8| !(0x80..0xc0).contains(*byte);
    bytes.iter().filter(continues).count()
}

/// Where the last word starts, with the spaces behind it.
fn word_start(line: &[u8]) -> usize {
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let end = line.iter().rposition(|byte| !is_space(byte));
    let end = end.map_or(0, |at| at + 1);
    let word = line.get(..end).unwrap_or_default();
    word.iter().rposition(is_space).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which group was sent which signal.
    type Told = Arc<Mutex<Vec<(u32, u8)>>>;

    fn terminal() -> (Terminal, Ends, Told) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let (terminal, ends) = Terminal::new(TerminalSize::default(), move |group, signal| {
            teller.lock().unwrap().push((group, signal));
        });
        terminal.start_foreground(7);
        (terminal, ends, told)
    }

    fn screen(terminal: &Terminal, ends: &Ends) -> String {
        let mut all = Vec::new();
        while let Some(bytes) = ends.shown.try_read(999) {
            all.extend_from_slice(&terminal.shown(bytes));
        }
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn lines_can_be_edited_before_they_are_read() {
        for (typed, read, shown) in [
            ("ls\r", "ls\n", "ls\r\n"),
            ("lx\x7fs\n", "ls\n", "lx\x08 \x08s\r\n"),
            ("é\x7fe\n", "e\n", "é\x08 \x08e\r\n"),
            ("a\x01\x08\n", "a\n", "a^A\x08 \x08\x08 \x08\r\n"),
            ("\x7fa\n", "a\n", "a\r\n"),
            ("no\x15yes\n", "yes\n", "no\x08 \x08\x08 \x08yes\r\n"),
            ("a b \x17c\n", "a c\n", "a b \x08 \x08\x08 \x08c\r\n"),
            ("no\x12\n", "no\n", "no^R\r\nno\r\n"),
            ("a\tb\n", "a\tb\n", "a\tb\r\n"),
            ("x\x04", "x", "x"),
        ] {
            let (terminal, ends, _) = terminal();
            terminal.write(typed.as_bytes()).await;
            let line = ends.input.try_read(999);
            assert_eq!(line.as_deref(), Some(read.as_bytes()), "{typed:?}");
            assert_eq!(screen(&terminal, &ends), shown, "{typed:?}");
        }
    }

    #[tokio::test]
    async fn a_read_gets_one_line_and_ends_can_be_typed() {
        let (terminal, ends, _) = terminal();
        terminal.write(b"one\ntwo\n\x04three\n").await;
        let read = |limit| ends.input.try_read(limit).map(|bytes| bytes.to_vec());
        assert_eq!(read(99), Some(b"one\n".to_vec()));
        assert_eq!(read(2), Some(b"tw".to_vec()));
        assert_eq!(read(99), Some(b"o\n".to_vec()));
        assert_eq!(read(99), Some(Vec::new()));
        assert_eq!(read(99), Some(b"three\n".to_vec()));
        assert_eq!(read(99), None);
    }

    #[tokio::test]
    async fn keys_send_signals_to_the_foreground() {
        let (terminal, ends, told) = terminal();
        terminal.write(b"typed ahead\nhalf\x03").await;
        assert_eq!(ends.input.try_read(9), None);
        assert!(screen(&terminal, &ends).ends_with("half^C"));
        terminal.set_foreground(9);
        terminal.write(b"\x1c\x1a").await;
        terminal.resize(TerminalSize {
            columns: 100,
            rows: 40,
        });
        terminal.resize(terminal.size());
        assert_eq!(*told.lock().unwrap(), [(7, 2), (9, 3), (9, 28)]);
    }

    #[tokio::test]
    async fn a_raw_terminal_passes_everything() {
        let (terminal, ends, told) = terminal();
        terminal.write(b"begun").await;
        terminal.set_mode(Mode::RAW);
        terminal.write(b"\x03\r\x04\x7f").await;
        let mut all = Vec::new();
        while let Some(bytes) = ends.input.try_read(99) {
            all.extend_from_slice(&bytes);
        }
        assert_eq!(all, b"begun\x03\r\x04\x7f");
        ends.output.write_all(b"a\n").await.unwrap();
        assert_eq!(screen(&terminal, &ends), "beguna\n");
        assert!(told.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_a_full_terminal_waits() {
        let (terminal, ends, told) = terminal();
        terminal.write(&vec![b'x'; 10_000]).await;
        terminal.write(b"\n").await;
        assert_eq!(ends.input.ready(), Some(LINE_BYTES + 1));
        let mut lines = b"yes\n".repeat(40_000);
        let typing = tokio::spawn({
            let terminal = terminal.clone();
            async move { terminal.write(&lines).await }
        });
        tokio::task::yield_now().await;
        assert!(!typing.is_finished());
        // Ctrl-C gets through although nobody reads.
        terminal.write(b"\x03").await;
        assert_eq!(*told.lock().unwrap(), [(7, 2)]);
        drop(ends);
        typing.await.unwrap();
        lines = Vec::new();
        terminal.write(&lines).await;
    }

    #[tokio::test]
    async fn the_ends_outlive_the_terminal() {
        let (terminal, ends, _) = terminal();
        assert!(ends.input.is_terminal() && ends.output.is_terminal());
        assert!(ends.input.terminal().is_some());
        drop(terminal);
        assert!(ends.input.is_terminal());
        assert!(ends.input.terminal().is_none());
        assert_eq!(&ends.input.read(1).await[..], b"");
    }
}

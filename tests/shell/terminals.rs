//! The shell on a terminal, as somebody who types sees it.

use sandcell::command::{Command, CommandEvent, ExitStatus};
use sandcell::stream::TerminalSize;

use crate::sandbox;

/// A shell on a terminal, and what it has shown.
struct Screen {
    command: Command,
    shown: String,
}

impl Screen {
    async fn open() -> Self {
        let sandbox = sandbox().await;
        let command = sandbox.command(["bash", "-i"]).env("PS1", "ready> ");
        let command = command.terminal(TerminalSize::default());
        let mut screen = Self {
            command: command.start().expect("it starts"),
            shown: String::new(),
        };
        screen.until("ready> ").await;
        screen
    }

    async fn types(&self, keys: &str) {
        let typed = self.command.write_stdin(keys.as_bytes());
        typed.await.expect("the shell runs");
    }

    /// Reads until the screen shows `text`.
    async fn until(&mut self, text: &str) {
        while !self.shown.contains(text) {
            match self.command.next().await {
                Some(CommandEvent::Stdout(bytes)) => {
                    self.shown.push_str(&String::from_utf8_lossy(&bytes));
                }
                other => panic!("{other:?} and not {text:?} after {:?}", self.shown),
            }
        }
    }

    async fn end(mut self) -> (ExitStatus, String) {
        loop {
            match self.command.next().await {
                Some(CommandEvent::Exited(exit)) => return (exit.status, self.shown),
                Some(CommandEvent::Stdout(bytes)) => {
                    self.shown.push_str(&String::from_utf8_lossy(&bytes));
                }
                other => panic!("{other:?} after {:?}", self.shown),
            }
        }
    }
}

#[tokio::test]
async fn what_is_typed_behind_the_end_of_the_input_is_for_the_shell() {
    let python = "python3 -c 'import sys; print(sys.stdin.read())'";
    for command in ["cat", "wc -l", "cat | cat", python] {
        let mut screen = Screen::open().await;
        screen.types(&format!("{command}\r")).await;
        screen.types("line\r\x04echo after $((1+1))\r").await;
        screen.until("after 2\r\nready> ").await;
        // While it waits for input already, in one go and key by key.
        for (round, keys) in [(3, "\x04@"), (4, "\x04 @"), (5, "\x04 \x7f @")]
            .into_iter()
            .cycle()
            .take(12)
        {
            screen.types("cat\r").await;
            screen.types("copied\r").await;
            screen.until("copied\r\ncopied\r\n").await;
            for keys in keys.split_inclusive(' ') {
                let line = format!("echo round $((1+{}))\r", round - 1);
                screen.types(&keys.replace('@', &line)).await;
            }
            screen.until(&format!("round {round}\r\nready> ")).await;
            screen.shown.clear();
        }
        screen.types("exit 3\r").await;
        assert_eq!(screen.end().await.0, ExitStatus::Code(3), "{command}");
    }
}

#[tokio::test]
async fn an_end_that_is_typed_in_a_line_gives_what_was_typed() {
    let mut screen = Screen::open().await;
    screen.types("cat; echo; echo done\r").await;
    screen.types("half\x04\x04").await;
    screen.until("half\r\ndone\r\n").await;
    screen.types("\x04").await;
    let (status, shown) = screen.end().await;
    assert_eq!(status, ExitStatus::SUCCESS, "{shown:?}");
}

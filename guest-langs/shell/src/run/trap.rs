//! Traps and signals.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Flow, Options, Run, Shell};
use crate::signal::Signal;

/// What a trap waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Trap {
    Exit,
    Signal(Signal),
    Debug,
    Err,
    Return,
}

impl Trap {
    /// `EXIT`, `0`, `INT`, `SIGINT`, `2`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "EXIT" | "0" => Some(Self::Exit),
            "DEBUG" => Some(Self::Debug),
            "ERR" => Some(Self::Err),
            "RETURN" => Some(Self::Return),
            _ => Signal::parse(text).map(Self::Signal),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Exit => "EXIT".to_owned(),
            Self::Debug => "DEBUG".to_owned(),
            Self::Err => "ERR".to_owned(),
            Self::Return => "RETURN".to_owned(),
            Self::Signal(signal) => format!("SIG{}", signal.name()),
        }
    }
}

/// What a subshell has of its parent's traps: what is ignored, and those that
/// options hand down.
pub(super) fn inherited(
    traps: &BTreeMap<Trap, String>,
    options: Options,
) -> BTreeMap<Trap, String> {
    let keep = |(trap, command): &(&Trap, &String)| match trap {
        Trap::Err => options.error_trace,
        Trap::Debug | Trap::Return => options.function_trace,
        Trap::Signal(_) => command.is_empty(),
        Trap::Exit => false,
    };
    let kept = traps.iter().filter(keep);
    kept.map(|(trap, command)| (*trap, command.clone()))
        .collect()
}

impl Shell {
    pub(crate) fn is_ignored(&self, signal: Signal) -> bool {
        self.traps
            .get(&Trap::Signal(signal))
            .is_some_and(String::is_empty)
    }

    /// Takes what arrived. A signal with a trap waits for the trap's turn; one
    /// without ends the shell.
    pub(crate) fn take_signals(&mut self) -> Result<(), Flow> {
        while let Some(signal) = self.system.take_signal() {
            match self.traps.get(&Trap::Signal(signal)) {
                Some(command) if command.is_empty() => {}
                Some(_) => {
                    if self.caught.len() < 64 {
                        self.caught.push(signal);
                    }
                }
                None if signal.is_ignored_by_default() => {}
                None if self.options.interactive && signal == Signal::TERM => {}
                None => return Err(Flow::Killed(signal)),
            }
        }
        Ok(())
    }

    /// Runs the traps of signals that arrived.
    pub(crate) async fn run_caught(&mut self) -> Result<(), Flow> {
        while !self.caught.is_empty() {
            let signal = self.caught.remove(0);
            self.run_trap(Trap::Signal(signal)).await?;
        }
        Ok(())
    }

    /// Runs a trap's command, if there is one. `$?` stays as it was.
    pub(crate) async fn run_trap(&mut self, trap: Trap) -> Result<(), Flow> {
        let Some(command) = self.traps.get(&trap).cloned() else {
            return Ok(());
        };
        if command.is_empty() || self.trapping == Some(trap) {
            return Ok(());
        }
        let outer = self.trapping.replace(trap);
        let status = self.status;
        let pipe_status = self.pipe_status.clone();
        let line = self.line;
        let conditions = std::mem::take(&mut self.conditions);
        let run = Box::pin(self.run_text(&command, line)).await;
        self.trapping = outer;
        self.conditions = conditions;
        self.line = line;
        match run {
            Ok(_) => {
                self.status = status;
                self.pipe_status = pipe_status;
                Ok(())
            }
            Err(flow) => Err(flow),
        }
    }

    /// `trap ... EXIT` at the shell's end: its `exit` decides the status.
    pub(crate) async fn run_exit_trap(&mut self, status: i32) -> i32 {
        self.status = status;
        if !self.traps.contains_key(&Trap::Exit) {
            return status;
        }
        self.caught.clear();
        let command = self.traps.get(&Trap::Exit).cloned().unwrap_or_default();
        self.traps.remove(&Trap::Exit);
        if command.is_empty() {
            return status;
        }
        self.trapping = Some(Trap::Exit);
        let line = self.line;
        let run: Run = Box::pin(self.run_text(&command, line)).await;
        match run {
            Err(Flow::Exit(status)) => status,
            _ => status,
        }
    }

    /// Waits for something, or for a signal: then nothing comes back.
    pub(crate) async fn or_signal<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Flow> {
        let system = Arc::clone(&self.system);
        let mut work = std::pin::pin!(work);
        loop {
            let before = self.caught.len();
            tokio::select! {
                biased;
                done = &mut work => return Ok(Some(done)),
                () = system.signalled() => {}
            }
            self.take_signals()?;
            if self.caught.len() > before {
                return Ok(None);
            }
        }
    }
}

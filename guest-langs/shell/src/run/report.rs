//! What the shell says: output of builtins, errors.

use super::{Flow, Shell};
use crate::signal::Signal;
use crate::system::Stream;
use crate::text;

impl Shell {
    /// Writes a builtin's output. A pipe that nobody reads ends the process, as
    /// the signal would, unless the signal is ignored.
    pub(crate) async fn print(&mut self, output: &str) -> Result<i32, Flow> {
        self.write_to(1, output).await
    }

    pub(crate) async fn write_to(&mut self, number: u32, output: &str) -> Result<i32, Flow> {
        if output.is_empty() {
            return Ok(0);
        }
        let Some(stream) = self.descriptors.get(&number).cloned() else {
            if number == 1 {
                self.complain("write error: Bad file descriptor").await;
            }
            return Ok(1);
        };
        match self.write_all(&stream, &text::encode(output)).await? {
            None => Ok(0),
            Some(error) => {
                if number == 1 {
                    let reason = crate::errno::message(&error);
                    self.complain(&format!("write error: {reason}")).await;
                }
                Ok(1)
            }
        }
    }

    async fn write_all(
        &mut self,
        stream: &Stream,
        mut bytes: &[u8],
    ) -> Result<Option<std::io::Error>, Flow> {
        while !bytes.is_empty() {
            let system = std::sync::Arc::clone(&self.system);
            let written = tokio::select! {
                biased;
                written = stream.write(bytes) => Some(written),
                () = system.signalled() => None,
            };
            match written {
                Some(Ok(0)) => return Ok(Some(std::io::ErrorKind::WriteZero.into())),
                Some(Ok(count)) => bytes = bytes.get(count..).unwrap_or_default(),
                Some(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                    if self.is_ignored(Signal::PIPE) {
                        return Ok(Some(error));
                    }
                    return Err(Flow::Killed(Signal::PIPE));
                }
                Some(Err(error)) => return Ok(Some(error)),
                None => self.take_signals()?,
            }
        }
        Ok(None)
    }

    /// The start of each message: `bash: line 3: `.
    pub(crate) fn prefix(&self) -> String {
        let sourced = self.frames.iter().rev().find(|frame| !frame.is_function);
        let name = sourced.map_or(self.name.as_str(), |frame| frame.source.as_str());
        if self.options.interactive && sourced.is_none() {
            return format!("{name}: ");
        }
        format!("{name}: line {}: ", self.line)
    }

    /// Says what went wrong on the standard error.
    pub(crate) async fn complain(&mut self, message: &str) {
        let text = format!("{}{message}\n", self.prefix());
        self.say(&text).await;
    }

    /// Writes to the standard error, come what may.
    pub(crate) async fn say(&mut self, text: &str) {
        if let Some(stream) = self.descriptors.get(&2).cloned() {
            // Where errors cannot be told they are lost.
            let _lost = self.write_all(&stream, &text::encode(text)).await;
        }
    }

    /// As [`Shell::complain`]; the status with it.
    pub(crate) async fn fail(&mut self, status: i32, message: &str) -> Result<i32, Flow> {
        self.complain(message).await;
        Ok(status)
    }
}

//! Waiting for processes.

use std::sync::Arc;

use super::{Flow, Shell};
use crate::signal::Signal;
use crate::system::{Child, ExitStatus};

impl Shell {
    /// Waits for a process in the foreground: signals with a trap wait until it
    /// has ended.
    pub(crate) async fn wait_foreground(
        &mut self,
        child: &Arc<dyn Child>,
    ) -> Result<ExitStatus, Flow> {
        let leads = self.options.monitor && self.subshell == 0;
        if leads {
            self.system.set_foreground(Some(child.pid()));
        }
        let ended = self.wait_child(child).await;
        if leads {
            self.system.set_foreground(None);
        }
        ended
    }

    async fn wait_child(&mut self, child: &Arc<dyn Child>) -> Result<ExitStatus, Flow> {
        let mut ended = child.wait();
        let mut interrupted = None;
        loop {
            match self.or_signal(&mut ended).await {
                Ok(Some(status)) => return interrupted.map_or(Ok(status), Err),
                Ok(None) => {}
                // What it still says when it is interrupted belongs to this cell.
                Err(flow @ Flow::Killed(Signal::INT)) if self.serves_cells => {
                    interrupted = Some(flow);
                }
                Err(flow) => return Err(flow),
            }
        }
    }

    /// What is said of a foreground process that a signal ended.
    pub(crate) async fn report_end(&mut self, status: ExitStatus) {
        let ExitStatus::Signalled(signal) = status else {
            return;
        };
        if self.subshell > 0 || matches!(signal, Signal::INT | Signal::PIPE) {
            return;
        }
        let text = format!("{}{}\n", self.prefix(), signal.description());
        self.say(&text).await;
    }
}

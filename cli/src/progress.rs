//! Progress of something long on standard error: a moving line on a terminal, a
//! line a step elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandcell::{Progress, Step};

use crate::console::{Colour, Escapes, Output};
use crate::duration;
use crate::escape::visible;

/// Steps shorter than this are not worth a line when they are done.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// How often the moving line moves.
const TICK: Duration = Duration::from_millis(120);

/// Shows steps. Does nothing at all before the first one.
#[derive(Default)]
pub(crate) struct Display {
    stderr: Option<Output>,
    /// The moving line of the step under way, on a terminal.
    moving: Option<ProgressBar>,
}

impl Display {
    fn line(&mut self, text: &str) {
        let stderr = self.stderr.get_or_insert_with(|| Output::stderr(Escapes::Shown));
        // The work goes on even when nobody can see it.
        let _unseen = stderr.line(text);
    }

    fn started(&mut self, name: &str, number: usize, of: usize, estimate: Duration) {
        self.ended();
        let place = if of > 1 { format!("[{number}/{of}] ") } else { String::new() };
        let about = if estimate >= WORTH_TELLING {
            format!(", about {}", duration::show(estimate))
        } else {
            String::new()
        };
        let stderr = self.stderr.get_or_insert_with(|| Output::stderr(Escapes::Shown));
        if stderr.is_terminal() {
            let name = stderr.paint(Colour::Bold, name);
            self.moving = Some(moving_line(format!("{place}{name}{about}")));
        } else {
            self.line(&format!("{place}{name}{about}"));
        }
    }

    fn finished(&mut self, name: &str, took: Duration) {
        let was_moving = self.ended();
        if was_moving || took >= WORTH_TELLING {
            self.line(&format!("{name}: done in {}", duration::show(took)));
        }
    }

    /// Removes the moving line, if there is one.
    fn ended(&mut self) -> bool {
        let moving = self.moving.take();
        if let Some(moving) = &moving {
            moving.finish_and_clear();
        }
        moving.is_some()
    }
}

impl Progress for Display {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Started {
                name,
                number,
                of,
                estimate,
            } => self.started(name, number, of, estimate),
            Step::Line(line) => {
                if let Some(moving) = &self.moving {
                    moving.set_message(visible(line.trim()).replace(['\r', '\n', '\t'], " "));
                }
            }
            Step::Finished { name, took } => self.finished(name, took),
            _ => {}
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.ended();
    }
}

fn moving_line(prefix: String) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} ({elapsed})  {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(prefix);
    bar.enable_steady_tick(TICK);
    bar
}

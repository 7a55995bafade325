//! Progress of something long on standard error: a moving line for each step
//! under way on a terminal, a line a step elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandcell::{Progress, Step};

use crate::console::{self, Colour, Escapes, Output};
use crate::duration;
use crate::escape::visible;

/// Steps shorter than this are not worth a line when they are done.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// How often a moving line moves.
const TICK: Duration = Duration::from_millis(120);

/// Shows steps, several at once too. Does nothing at all before the first one.
#[derive(Default)]
pub(crate) struct Display {
    shown: Option<Shown>,
    /// Whether the first step is announced: the user asked for something else.
    announced: bool,
}

enum Shown {
    Moving(Moving),
    Lines(Lines),
}

/// What a pipe or a log gets.
struct Lines {
    stderr: Output,
    /// Steps under way.
    under_way: usize,
}

/// The moving lines of the steps under way, by name.
struct Moving {
    screen: MultiProgress,
    lines: Vec<(String, ProgressBar)>,
}

impl Display {
    /// For work that the user did not ask for: it says what it is about.
    pub(crate) fn announced() -> Self {
        Self {
            shown: None,
            announced: true,
        }
    }

    fn shown(&mut self) -> &mut Shown {
        self.shown.get_or_insert_with(|| {
            if self.announced {
                console::say("note", Colour::Cyan, "building what is missing, once");
            }
            if io::stderr().is_terminal() {
                Shown::Moving(Moving {
                    screen: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
                    lines: Vec::new(),
                })
            } else {
                Shown::Lines(Lines {
                    stderr: Output::stderr(Escapes::Shown),
                    under_way: 0,
                })
            }
        })
    }

    fn finished(&mut self, name: &str, took: Duration) {
        let text = format!("{name}: done in {}", duration::show(took));
        match self.shown() {
            Shown::Moving(moving) => {
                moving.end(name);
                moving.say(&text);
            }
            Shown::Lines(lines) => {
                lines.under_way = lines.under_way.saturating_sub(1);
                if took >= WORTH_TELLING {
                    lines.say(&text);
                }
            }
        }
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
            } => {
                let text = title(name, number, of, estimate);
                match self.shown() {
                    Shown::Moving(moving) => moving.start(name, text),
                    Shown::Lines(lines) => {
                        lines.under_way += 1;
                        lines.say(&text);
                    }
                }
            }
            Step::Line(line) => match self.shown() {
                Shown::Moving(moving) => moving.tell(line),
                // What a step says is in its log; what is said outside of any
                // step is why nothing happens.
                Shown::Lines(lines) if lines.under_way == 0 => lines.say(line),
                Shown::Lines(_) => {}
            },
            Step::Finished { name, took } => self.finished(name, took),
            _ => {}
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(Shown::Moving(moving)) = &self.shown {
            for (_, line) in &moving.lines {
                line.finish_and_clear();
            }
        }
    }
}

impl Moving {
    fn start(&mut self, name: &str, title: String) {
        let line = self.screen.add(ProgressBar::no_length());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} ({elapsed})  {wide_msg}")
        {
            line.set_style(style);
        }
        line.set_prefix(title);
        line.enable_steady_tick(TICK);
        self.lines.push((name.to_owned(), line));
    }

    /// Shows what the newest step says, in one line and without controls; or what
    /// is said outside of any step.
    fn tell(&self, text: &str) {
        match self.lines.last() {
            Some((_, line)) => {
                line.set_message(visible(text.trim()).replace(['\r', '\n', '\t'], " "));
            }
            None => self.say(&visible(text)),
        }
    }

    fn end(&mut self, name: &str) {
        self.lines.retain(|(other, line)| {
            let stays = other != name;
            if !stays {
                line.finish_and_clear();
            }
            stays
        });
    }

    fn say(&self, text: &str) {
        // The work goes on even when nobody can see it.
        let _unseen = self.screen.println(text);
    }
}

impl Lines {
    fn say(&mut self, text: &str) {
        // The work goes on even when nobody can see it.
        let _unseen = self.stderr.line(&visible(text));
    }
}

/// For example `[3/12] interpreter, about 4 min`.
fn title(name: &str, number: usize, of: usize, estimate: Duration) -> String {
    let place = if of > 1 {
        format!("[{number}/{of}] ")
    } else {
        String::new()
    };
    if estimate < WORTH_TELLING {
        return format!("{place}{name}");
    }
    format!("{place}{name}, about {}", duration::show(estimate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_say_where_one_is_and_how_long_it_takes() {
        let minutes = Duration::from_secs(240);
        assert_eq!(
            title("interpreter", 3, 12, minutes),
            "[3/12] interpreter, about 4 min"
        );
        assert_eq!(
            title("image", 1, 1, Duration::from_secs(8)),
            "image, about 8 s"
        );
        assert_eq!(title("image", 1, 1, Duration::ZERO), "image");
    }
}

//! Runs one step's script: its output to a log and, line by line, to a listener.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{BuildError, Cause};
use crate::options::Options;
use crate::plan::{Environment, FETCH_COMPILER, Plan, Step};
use crate::store::Store;

/// Lines kept for the error, and how much of the end is searched for its cause.
const TAIL_LINES: usize = 20;
const JUDGED_LINES: usize = 200;

/// Bytes of a line that a listener gets.
const LINE_LENGTH: usize = 400;

/// The variables of the caller that a clean environment keeps.
const KEPT: &[&str] = &["HOME", "TMPDIR", "USER", "LOGNAME"];

/// Do `step` in a fresh work folder and publish what it made.
///
/// The script finds there `recipe`, the files of the recipe; `kernel`, those of
/// the kernel that it is about; and under the names of its needs the outcomes of
/// other steps. It fills `out`, to which `finish` puts the last touch.
pub(crate) fn run_script(
    plan: &Plan,
    store: &Store,
    options: &Options,
    step: Step,
    line: &mut dyn FnMut(&str),
    finish: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let work = store.begin(step)?;
    lay_out(plan, store, step, &work)?;
    let log = store.log(step);
    let mut output = Output::new(&log)?;

    let status = spawn(&mut command(plan, store, options, step, &work), |text| {
        output.take(text, line)
    })
    .map_err(BuildError::io("run the script in", &work))?;
    if status.success() {
        finish(&work.join("out"))?;
        return store.publish(step, &work);
    }
    // The work folder stays for who wants to look, until the next try.
    Err(BuildError::Step {
        step,
        cause: Cause::of(&output.end(JUDGED_LINES), status.signal().is_some()),
        log,
        tail: output.end(TAIL_LINES),
    })
}

/// The first of `step`'s tools that is not on the search path.
pub(crate) fn missing_tool(plan: &Plan, step: Step) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    plan.definition(step)
        .tools
        .iter()
        .copied()
        .find(|tool| !std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()))
}

fn lay_out(plan: &Plan, store: &Store, step: Step, work: &Path) -> Result<(), BuildError> {
    let definition = plan.definition(step);
    let recipe = plan.files().map(|file| ("recipe", file));
    let kernel = definition.kernel.iter().map(|file| ("kernel", file));
    for (folder, file) in recipe.chain(kernel) {
        let path = work.join(folder).join(file.path);
        let parent = path.parent().unwrap_or(work);
        fs::create_dir_all(parent).map_err(BuildError::io("make", parent))?;
        fs::write(&path, file.text).map_err(BuildError::io("write", &path))?;
    }
    for (role, needed) in definition.needs {
        let link = work.join(role);
        symlink(store.finished(*needed), &link).map_err(BuildError::io("make", &link))?;
    }
    Ok(())
}

fn command(plan: &Plan, store: &Store, options: &Options, step: Step, work: &Path) -> Command {
    let definition = plan.definition(step);
    // Behind whatever else the machine does: a build may take minutes.
    let mut command = Command::new("nice");
    command
        .args(["-n", "10", "sh"])
        .arg(Path::new("recipe").join(definition.script.unwrap_or_default()))
        .current_dir(work)
        .stdin(Stdio::null());
    if definition.environment == Environment::Clean {
        command.env_clear();
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
    }
    command
        .env("PATH", search_path(store))
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("SOURCE_DATE_EPOCH", plan.source_date_epoch)
        .env("JOBS", options.job_count().to_string())
        .env(
            "SOURCE",
            options.tarball().map(absolute).unwrap_or_default(),
        )
        // The libc that zig makes is worth keeping, the objects are not.
        .env("ZIG_GLOBAL_CACHE_DIR", store.compiler_cache())
        .env("ZIG_LOCAL_CACHE_DIR", work.join("zig-objects"));
    command
}

/// The caller's search path with the compiler's folder before it.
fn search_path(store: &Store) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(store.finished(FETCH_COMPILER.step))
        .chain(std::env::split_paths(&path).collect::<Vec<_>>());
    std::env::join_paths(folders).unwrap_or(path)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Run to the end, handing over each line of both outputs as it comes.
fn spawn(
    command: &mut Command,
    mut take: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<std::process::ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the writing ends: without this the pipe would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    let mut taken = Ok(());
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let text = String::from_utf8_lossy(&bytes);
        // A log that cannot be written ends the listening, not the reading: the
        // child must not block on a full pipe.
        if taken.is_ok() {
            taken = take(text.trim_end());
        }
        bytes.clear();
    }
    let status = child.wait()?;
    taken.map(|()| status)
}

/// The log on disk and the end of it in memory.
#[derive(Debug)]
struct Output {
    log: File,
    last: VecDeque<String>,
}

impl Output {
    fn new(log: &Path) -> Result<Self, BuildError> {
        Ok(Self {
            log: File::create(log).map_err(BuildError::io("write", log))?,
            last: VecDeque::new(),
        })
    }

    fn take(&mut self, text: &str, line: &mut dyn FnMut(&str)) -> io::Result<()> {
        writeln!(self.log, "{text}")?;
        let short = shortened(text);
        line(short);
        if self.last.len() == JUDGED_LINES {
            self.last.pop_front();
        }
        self.last.push_back(short.to_owned());
        Ok(())
    }

    fn end(&self, lines: usize) -> String {
        let skipped = self.last.len().saturating_sub(lines);
        let lines: Vec<&str> = self.last.iter().skip(skipped).map(String::as_str).collect();
        lines.join("\n")
    }
}

fn shortened(text: &str) -> &str {
    let end = text.floor_char_boundary(LINE_LENGTH);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_come_line_by_line_and_the_status_after() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf 'no end'; exit 3"]);
        let status = spawn(&mut command, |text| {
            lines.push(text.to_owned());
            Ok(())
        });
        assert_eq!(status.unwrap().code(), Some(3));
        assert_eq!(lines, ["one", "two", "no end"]);
    }

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut output = Output::new(&log).unwrap();
        for number in 0..1000 {
            output.take(&format!("line {number}"), &mut |_| ()).unwrap();
        }
        assert_eq!(output.end(2), "line 998\nline 999");
        assert_eq!(output.end(JUDGED_LINES).lines().count(), JUDGED_LINES);
        assert_eq!(fs::read_to_string(log).unwrap().lines().count(), 1000);
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let text = "é".repeat(LINE_LENGTH);
        assert_eq!(shortened(&text), "é".repeat(LINE_LENGTH / 2));
        assert_eq!(shortened("short"), "short");
    }
}

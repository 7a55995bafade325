//! `bash` as a program: its arguments, its environment, its start-up files.

use std::sync::Arc;

pub use crate::command::PROVIDED;
use crate::limits::SOURCE_BYTES;
use crate::run::{Flow, Options, Run, SHOPTS, Shell};
use crate::syntax::Parser;
use crate::system::{Descriptors, ExitStatus, System};
use crate::text;
use crate::variable::{Random, Variable};

/// What a new process has.
#[derive(Debug)]
pub struct Start {
    /// Arguments, the name first.
    pub argv: Vec<Vec<u8>>,
    /// The environment.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// The working directory, absolute.
    pub cwd: String,
    /// Open descriptors.
    pub descriptors: Descriptors,
}

/// What the arguments ask for.
#[derive(Debug, Default)]
struct Invocation {
    login: bool,
    command: bool,
    no_profile: bool,
    no_rc: bool,
    rc_file: Option<String>,
    /// Words behind the options.
    rest: Vec<String>,
    /// Printed in place of a run.
    answer: Option<(String, i32)>,
}

/// Runs `bash` or `sh` with these arguments.
pub async fn main(system: Arc<dyn System>, start: Start) -> ExitStatus {
    let argv: Vec<String> = start.argv.iter().map(|word| text::decode(word)).collect();
    let mut shell = Shell::new(&system, start);
    let invocation = match invocation(&mut shell, &argv) {
        Ok(invocation) => invocation,
        Err(message) => {
            shell.say(&format!("{}: {message}\n", shell.name)).await;
            return ExitStatus::Exited(2);
        }
    };
    let run = Box::pin(run(&mut shell, invocation)).await;
    shell.finish(run).await
}

/// Runs one of [`PROVIDED`] as a program of its own.
pub async fn run_provided(system: Arc<dyn System>, start: Start) -> ExitStatus {
    let words: Vec<String> = start.argv.iter().map(|word| text::decode(word)).collect();
    let mut shell = Shell::new(&system, start);
    let run = crate::command::run(&mut shell, &words).await;
    shell.finish(run).await
}

impl Shell {
    /// A shell with a process's environment, before any start-up file.
    #[must_use]
    pub fn new(system: &Arc<dyn System>, start: Start) -> Self {
        let mut shell = Self::hollow(system);
        shell.settle(start.descriptors);
        shell.name = start
            .argv
            .first()
            .map_or_else(|| "bash".to_owned(), |name| text::decode(name));
        for (name, value) in start.env {
            let (name, value) = (text::decode(&name), text::decode(&value));
            if let Some(function) = name
                .strip_prefix("BASH_FUNC_")
                .and_then(|name| name.strip_suffix("%%"))
            {
                let body = value.strip_prefix("() ").unwrap_or_default();
                if shell.define_from(function, body) {
                    Arc::make_mut(&mut shell.exported_functions).insert(function.to_owned());
                }
                continue;
            }
            if crate::syntax::is_name(&name) {
                let mut variable = Variable::scalar(value);
                variable.attributes.exported = true;
                // What does not fit is not there.
                let _no_room = shell.put(&name, variable);
            }
        }
        shell.cwd = start.cwd;
        shell.own_variables();
        shell
    }

    /// What belongs to the process and not to the state.
    pub(crate) fn settle(&mut self, descriptors: Descriptors) {
        self.descriptors = descriptors;
        self.shell_pid = self.system.pid();
        self.random = Random::new(self.system.seed());
        self.started = self.system.now();
        self.seconds_from = self.system.monotonic().as_secs().cast_signed();
    }

    /// The working directory.
    #[must_use]
    pub fn cwd(&self) -> &str {
        &self.cwd
    }

    fn own_variables(&mut self) {
        let exported = |text: String| {
            let mut variable = Variable::scalar(text);
            variable.attributes.exported = true;
            variable
        };
        let user = self.system.user();
        let home = self.system.home(&user).unwrap_or_else(|| "/".to_owned());
        let level = self
            .value("SHLVL")
            .and_then(|text| text.parse::<u32>().ok());
        let level = level.unwrap_or(0).saturating_add(1).to_string();
        let cwd = self.cwd.clone();
        let given = [
            ("HOME", exported(home)),
            (
                "PATH",
                exported("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ),
        ];
        for (name, variable) in given {
            if self.variables.get(name).is_none() {
                // A shell has room for a dozen small variables.
                let _no_room = self.put(name, variable);
            }
        }
        let version = ["5", "2", "0", "1", "release", "wasm32-unknown-wasi"];
        let mut versions = Variable::list(version.map(str::to_owned));
        versions.attributes.readonly = true;
        let own = [
            ("PWD", exported(cwd)),
            ("SHLVL", exported(level)),
            ("IFS", Variable::scalar(" \t\n")),
            ("PS4", Variable::scalar("+ ")),
            ("OPTIND", Variable::scalar("1")),
            ("OPTERR", Variable::scalar("1")),
            ("BASH", Variable::scalar("/bin/bash")),
            ("BASH_VERSION", Variable::scalar("5.2.0(1)-release")),
            ("BASH_VERSINFO", versions),
            ("HOSTNAME", Variable::scalar(self.system.host())),
            ("HOSTTYPE", Variable::scalar("wasm32")),
            ("OSTYPE", Variable::scalar("linux-gnu")),
            ("MACHTYPE", Variable::scalar("wasm32-unknown-wasi")),
        ];
        for (name, variable) in own {
            let _no_room = self.put(name, variable);
        }
    }

    /// Runs a cell; the state that it leaves stays. `exit` ends the cell only, and
    /// runs the EXIT trap; otherwise that waits.
    pub async fn run_cell(&mut self, source: &str) -> ExitStatus {
        let run = match self.take_signals() {
            Ok(()) => self.run_script(source).await,
            Err(flow) => Err(flow),
        };
        let status = self.finish_cell(run).await;
        self.caught.clear();
        self.status = status.code();
        self.frames.clear();
        self.variables.truncate(0);
        self.loops = 0;
        self.conditions = 0;
        self.calls = 0;
        self.trapping = None;
        status
    }
}

/// Reads the arguments, switching options on the way.
fn invocation(shell: &mut Shell, argv: &[String]) -> Result<Invocation, String> {
    let mut found = Invocation::default();
    let name = argv.first().map_or("bash", String::as_str);
    found.login = name.starts_with('-');
    if name.rsplit('/').next() == Some("sh") || name == "-sh" {
        shell.options.posix = true;
    }
    let mut at = 1;
    while let Some(word) = argv.get(at) {
        at += 1;
        match word.as_str() {
            "-" | "--" => break,
            "--login" => found.login = true,
            "--noprofile" => found.no_profile = true,
            "--norc" => found.no_rc = true,
            "--posix" => shell.options.posix = true,
            "--verbose" => shell.options.verbose = true,
            "--noediting" | "--debugger" | "--restricted" => {}
            "--rcfile" | "--init-file" => {
                found.rc_file = argv.get(at).cloned();
                at += 1;
            }
            "--version" => {
                let text =
                    "GNU bash, version 5.2.0(1)-release (Sandcell's own shell of that language)\n";
                found.answer = Some((text.to_owned(), 0));
            }
            "--help" => {
                let text = "usage: bash [-abefhilnsuvxCE] [-c command | script] [argument ...]\n";
                found.answer = Some((text.to_owned(), 0));
            }
            other if other.starts_with("--") => return Err(format!("{other}: invalid option")),
            other if other.len() > 1 && other.starts_with(['-', '+']) => {
                at = letters(shell, &mut found, other, argv, at)?;
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    found.rest = argv.get(at..).unwrap_or_default().to_vec();
    Ok(found)
}

fn letters(
    shell: &mut Shell,
    found: &mut Invocation,
    word: &str,
    argv: &[String],
    mut at: usize,
) -> Result<usize, String> {
    let on = word.starts_with('-');
    for letter in word.chars().skip(1) {
        match letter {
            'c' => found.command = true,
            'l' => found.login = true,
            'i' => shell.options.interactive = true,
            's' => shell.options.from_input = true,
            'r' | 'D' => {}
            'o' | 'O' => {
                let name = argv.get(at).cloned().unwrap_or_default();
                at += 1;
                let entry = if letter == 'o' {
                    Options::named(&name)
                } else {
                    SHOPTS.iter().find(|entry| entry.0 == name)
                };
                let Some(entry) = entry else {
                    return Err(format!("{name}: invalid option name"));
                };
                *entry.2(&mut shell.options) = on;
            }
            other => match Options::lettered(other) {
                Some(entry) => *entry.2(&mut shell.options) = on,
                None => return Err(format!("{word}: invalid option")),
            },
        }
    }
    Ok(at)
}

async fn run(shell: &mut Shell, invocation: Invocation) -> Run {
    if let Some((text, status)) = &invocation.answer {
        shell.print(text).await?;
        return Ok(*status);
    }
    let mut rest = invocation.rest.clone().into_iter();
    let mut source = None;
    let mut script = None;
    if invocation.command {
        let Some(text) = rest.next() else {
            shell
                .say(&format!(
                    "{}: -c: option requires an argument\n",
                    shell.name
                ))
                .await;
            return Ok(2);
        };
        source = Some(text);
        shell.options.from_argument = true;
        if let Some(name) = rest.next() {
            shell.name = name;
        }
    } else if !shell.options.from_input
        && let Some(name) = rest.next()
    {
        script = Some(name);
    }
    shell.positional = Arc::new(rest.collect());
    let typed = source.is_none()
        && script.is_none()
        && shell
            .descriptors
            .get(&0)
            .is_some_and(|stream| stream.is_terminal());
    shell.options.interactive |= typed;
    if shell.options.interactive {
        shell.options.expand_aliases = true;
        shell.options.monitor = true;
    }
    shell.options.expand_aliases |= shell.options.posix;
    shell.options.login_shell = invocation.login;
    start_up(shell, &invocation).await?;
    match (source, script) {
        (Some(source), _) => {
            let run = shell.run_text(&source, 1).await;
            discard(run)
        }
        (None, Some(name)) => run_file(shell, &name).await,
        (None, None) => {
            shell.options.from_input = true;
            Box::pin(run_input(shell)).await
        }
    }
}

fn discard(run: Run) -> Run {
    match run {
        Err(Flow::Discard(status)) => Ok(status),
        other => other,
    }
}

/// Login and start-up files.
async fn start_up(shell: &mut Shell, invocation: &Invocation) -> Result<(), Flow> {
    let home = shell.value("HOME").unwrap_or_default();
    if invocation.login && !invocation.no_profile {
        shell.source_if_there("/etc/profile").await?;
        for name in [".bash_profile", ".bash_login", ".profile"] {
            if shell.source_if_there(&format!("{home}/{name}")).await? {
                break;
            }
        }
    } else if shell.options.interactive && !invocation.no_rc && !shell.options.posix {
        shell.source_if_there("/etc/bash.bashrc").await?;
        let own = invocation
            .rc_file
            .clone()
            .unwrap_or_else(|| format!("{home}/.bashrc"));
        shell.source_if_there(&own).await?;
    }
    if !shell.options.interactive
        && !shell.options.posix
        && let Some(file) = shell.value("BASH_ENV").filter(|file| !file.is_empty())
    {
        shell.source_if_there(&file).await?;
    }
    Ok(())
}

async fn run_file(shell: &mut Shell, name: &str) -> Run {
    let source = match shell.read_source(name).await {
        Ok(source) => source,
        Err(reason) => {
            let status = if reason.starts_with("No such") {
                127
            } else {
                126
            };
            let text = format!("{}: {name}: {reason}\n", shell.name);
            shell.say(&text).await;
            return Ok(status);
        }
    };
    shell.name = name.to_owned();
    shell.script = Some(name.to_owned());
    shell.run_script(&source).await
}

/// Commands from the standard input, line by line: what a command reads is
/// what stands behind it.
async fn run_input(shell: &mut Shell) -> Run {
    let Some(stream) = shell.descriptors.get(&0).cloned() else {
        return Ok(0);
    };
    let mut pending = String::new();
    let mut line = 1;
    let mut status = 0;
    loop {
        if shell.options.interactive {
            prompt(shell, pending.is_empty()).await;
        }
        let Some(read) = read_line(shell, &stream).await? else {
            pending.clear();
            continue;
        };
        let at_end = read.is_empty();
        if at_end && pending.is_empty() {
            if shell.options.interactive {
                shell.say("exit\n").await;
            }
            return Ok(status);
        }
        pending.push_str(&text::decode(&read));
        if pending.len() > SOURCE_BYTES {
            shell.complain("command too large").await;
            return Ok(2);
        }
        let lines = pending.matches('\n').count();
        match whole(shell, &pending, line) {
            Ok(false) if !at_end => continue,
            _ => {}
        }
        let source = std::mem::take(&mut pending);
        status = match shell.run_text(&source, line).await {
            Err(Flow::Discard(status)) => {
                shell.status = status;
                status
            }
            Err(Flow::Killed(crate::signal::Signal::INT)) if shell.options.interactive => {
                shell.say("\n").await;
                shell.status = 130;
                130
            }
            run => run?,
        };
        if status == 2 && !shell.options.interactive && whole(shell, &source, line).is_err() {
            return Ok(2);
        }
        line += u32::try_from(lines).unwrap_or_default();
        if at_end {
            return Ok(status);
        }
    }
}

/// Whether a text is whole commands; an error if it never will be.
fn whole(shell: &Shell, source: &str, line: u32) -> Result<bool, ()> {
    let aliases = shell.active_aliases();
    let mut parser = Parser::new(source, line).map_err(|_| ())?;
    loop {
        match parser.next_line(&aliases, shell.options.extglob) {
            Ok(Some(_)) if parser.is_cut() => return Ok(false),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(true),
            Err(error) if error.is_incomplete() => return Ok(false),
            Err(_) => return Err(()),
        }
    }
}

/// A line; nothing if an interrupt came between.
async fn read_line(
    shell: &mut Shell,
    stream: &crate::system::Stream,
) -> Result<Option<Vec<u8>>, Flow> {
    loop {
        match shell.or_signal(stream.read_until(b'\n', 1 << 20)).await {
            Ok(Some(read)) => return Ok(Some(read.unwrap_or_default())),
            Ok(None) => shell.run_caught().await?,
            Err(Flow::Killed(crate::signal::Signal::INT)) if shell.options.interactive => {
                // The terminal has shown `^C`.
                shell.say("\n").await;
                return Ok(None);
            }
            Err(flow) => return Err(flow),
        }
    }
}

async fn prompt(shell: &mut Shell, first: bool) {
    let (name, usual) = if first {
        ("PS1", "\\u@\\h:\\w\\$ ")
    } else {
        ("PS2", "> ")
    };
    if first {
        report_jobs(shell).await;
    }
    let prompt = shell.value(name).unwrap_or_else(|| usual.to_owned());
    let text = shell.expand_prompt(&prompt).await;
    shell.say(&text).await;
}

/// Says which jobs ended since the last prompt.
async fn report_jobs(shell: &mut Shell) {
    let ended: Vec<_> = shell
        .jobs
        .all
        .iter()
        .filter(|job| job.ended().is_some())
        .cloned()
        .collect();
    for job in ended {
        let line = shell.job_line(&job, false);
        shell.say(&line).await;
        shell.jobs.retire(job.number);
    }
}

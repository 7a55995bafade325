//! A sandbox with small tools, and short ways to run them.

use std::path::{Path, PathBuf};
use std::process::Command as HostCommand;
use std::sync::{Arc, OnceLock};

use sandcell::command::{
    CommandBuilder, CommandOutput, ExitStatus, Group, GuestProgram, Process, Program, Programs,
    Running, Signal, Spawn,
};
use sandcell::stream::{Descriptor, FileOptions, pipe};
use sandcell::{Cache, Runtime, Sandbox};
use sandcell_python::Python;
use sandcell_python::build::Silent;
use tempfile::TempDir;

use crate::support::{IMAGE, LONG, cache};

/// The names of the module of small tools.
const TOOLS: [&str; 17] = [
    "abort", "args", "cat", "echo", "env", "exit", "grow", "head", "poll", "pwd", "sleep", "spin",
    "true", "unknown", "wc", "yes", "zeros",
];

/// The compiler that builds the guests.
fn compiler() -> PathBuf {
    let cache = Cache::of_user().expect("a cache");
    let recipe = Python::default().recipe_in(cache.path());
    let compiler = recipe.compiler().join("zig");
    if !compiler.is_file() {
        recipe.run(&mut Silent).expect("the guest is built");
    }
    compiler
}

fn build() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wasm = folder.path().join("tool.wasm");
    let done = HostCommand::new(compiler())
        .args([
            "cc",
            "-target",
            "wasm32-wasi",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
        ])
        .arg(root.join("tests/commands/programs/tool.c"))
        .arg(root.join("guest-langs/build/command/working_directory.c"))
        .arg("-o")
        .arg(&wasm)
        .env(
            "ZIG_GLOBAL_CACHE_DIR",
            std::env::temp_dir().join("sandcell-test-zig"),
        )
        .env("ZIG_LOCAL_CACHE_DIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    std::fs::read(wasm).unwrap()
}

/// The module of small tools, built once.
pub(crate) fn module() -> Arc<GuestProgram> {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    GuestProgram::of_bytes(WASM.get_or_init(build).clone())
}

/// The small tools, and a shell that knows `a | b` and `cmd > file` and nothing
/// else.
pub(crate) fn programs() -> Programs {
    let mut programs = Programs::new();
    let module = module();
    for name in TOOLS {
        programs.add(name, module.clone());
    }
    let shell: Arc<dyn Program> = Arc::new(shell);
    programs.add("sh", Arc::clone(&shell));
    programs
}

pub(crate) async fn runtime() -> Runtime {
    runtime_with(programs()).await
}

pub(crate) async fn runtime_with(programs: Programs) -> Runtime {
    let builder = Runtime::builder()
        .cache(cache().await)
        .image(IMAGE)
        .warm(0)
        .programs(programs);
    builder.open().expect("a runtime")
}

pub(crate) async fn sandbox() -> Sandbox {
    let builder = runtime().await.sandbox().grace(LONG);
    builder.start().await.expect("a sandbox")
}

/// Runs a command to its end.
pub(crate) async fn finish(command: CommandBuilder) -> CommandOutput {
    let command = command.start().expect("it starts");
    command.output(64 << 20).await.expect("its end")
}

/// Runs words to their end.
pub(crate) async fn run(sandbox: &Sandbox, words: &[&str]) -> CommandOutput {
    finish(sandbox.command(words.iter().copied())).await
}

/// Checks what words write, and that they end well.
#[track_caller]
pub(crate) fn check(sandbox: &Sandbox, words: &[&str], expected: &str) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let command = sandbox.command(words.iter().copied());
    let said = format!("at {caller}: {words:?}");
    let expected = expected.to_owned();
    async move {
        let output = finish(command).await;
        assert_eq!(output.stderr_text(), "", "{said}");
        assert_eq!(output.stdout_text(), expected, "{said}");
        assert_eq!(output.exit.status, ExitStatus::SUCCESS, "{said}");
    }
}

fn shell(process: Process) -> Running {
    Box::pin(interpret(process))
}

/// `sh -c 'a b | c > file'` and `sh script`, by words between blanks.
async fn interpret(process: Process) -> ExitStatus {
    let words: Vec<String> = process
        .argv()
        .iter()
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let text = match words.get(1).map(String::as_str) {
        Some("-c") => words.get(2).cloned().unwrap_or_default(),
        Some(path) => {
            let path = match path.starts_with('/') {
                true => path.to_owned(),
                false => format!("{}/{path}", process.cwd()),
            };
            let text = process.files().read(&path).unwrap_or_default();
            String::from_utf8_lossy(&text).into_owned()
        }
        None => {
            let stdin = process.descriptor(0).unwrap();
            let text = stdin.read_to_end(1 << 20).await.unwrap();
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    let mut last = ExitStatus::SUCCESS;
    for line in text.lines().filter(|line| !line.starts_with("#!")) {
        last = pipeline(&process, line).await;
    }
    last
}

async fn pipeline(process: &Process, line: &str) -> ExitStatus {
    let (line, target) = match line.split_once('>') {
        Some((line, target)) => (line, Some(target.trim())),
        None => (line, None),
    };
    let inherit = |number: u32| {
        process
            .descriptor(number)
            .cloned()
            .unwrap_or(Descriptor::Null)
    };
    let stages: Vec<&str> = line.split('|').collect();
    let mut input = inherit(0);
    let mut children = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let last = at + 1 == stages.len();
        let (next, output) = match target {
            Some(target) if last => {
                let options = FileOptions::default()
                    .write(true)
                    .create(true)
                    .truncate(true);
                let file = process.open(target, options).unwrap();
                (Descriptor::Null, file.into())
            }
            _ if last => (Descriptor::Null, inherit(1)),
            _ => {
                let (reader, writer) = pipe();
                (reader.into(), writer.into())
            }
        };
        let spawn = Spawn::new(stage.split_whitespace())
            .envs(process.env().clone())
            .descriptor(0, std::mem::replace(&mut input, next))
            .descriptor(1, output)
            .descriptor(2, inherit(2))
            .group(Group::Inherit);
        match process.spawn(spawn) {
            Ok(child) => children.push(child),
            Err(error) => {
                let said = format!("sh: {error}\n");
                inherit(2).write_all(said.as_bytes()).await.unwrap();
                return ExitStatus::Code(error.exit_code());
            }
        }
    }
    let mut status = ExitStatus::SUCCESS;
    for child in children {
        status = child.wait().await;
    }
    match status {
        ExitStatus::Signal(signal) if signal != Signal::PIPE => {
            ExitStatus::Code(128 + signal.number())
        }
        other => other,
    }
}

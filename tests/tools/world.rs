//! The files that every command line finds in its working directory, and the
//! sandboxes it runs in.

use std::path::Path;

use sandcell::command::{ExitStatus, Input, Programs};
use sandcell::{Files, Runtime, Sandbox};
use tokio::sync::OnceCell;

use super::lines::pipelines;
use super::support::{IMAGE, LONG, cache};

/// When the files were changed: 2026-01-02 03:04:05 UTC.
const TIME_NS: u64 = 1_767_323_045_000_000_000;

const HOME: &str = "/home/user";

/// The most that a command line may print here.
const OUTPUT: usize = 64 << 20;

/// A runtime with the tools.
pub(crate) async fn runtime() -> Runtime {
    static READY: OnceCell<Runtime> = OnceCell::const_new();
    let open = || async {
        let mut programs = Programs::new();
        super::built().add_to(&mut programs);
        let cache = cache().await;
        let builder = Runtime::builder().cache(cache).image(IMAGE).warm(0);
        builder.programs(programs).open().expect("a runtime")
    };
    READY.get_or_init(open).await.clone()
}

/// A sandbox with the files.
pub(crate) async fn sandbox() -> Sandbox {
    let sandbox = runtime().await.sandbox().start().await.expect("a sandbox");
    lay(&sandbox.files());
    sandbox
}

/// The files: `== NAME` and the contents up to the next.
fn files() -> Vec<(&'static str, String)> {
    let text = include_str!("files.txt");
    text.split("== ")
        .skip(1)
        .map(|part| {
            let (name, contents) = part.split_once('\n').unwrap();
            (name, contents.to_owned())
        })
        .collect()
}

fn lay(tree: &Files) {
    for (name, contents) in files() {
        let path = format!("{HOME}/{name}");
        let (folder, _) = path.rsplit_once('/').unwrap();
        tree.make_dirs(folder).unwrap();
        tree.write(&path, contents).unwrap();
        tree.set_times(&path, Some(TIME_NS), Some(TIME_NS)).unwrap();
    }
    tree.set_mode(&format!("{HOME}/run.sh"), 0o755).unwrap();
    tree.symlink("words.txt", &format!("{HOME}/link")).unwrap();
}

/// The same in a folder of the host.
pub(crate) fn lay_on_host(folder: &Path) {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    for (name, contents) in files() {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
    }
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.join("run.sh"), mode).unwrap();
    symlink("words.txt", folder.join("link")).unwrap();
}

/// What a file holds afterwards.
pub(crate) fn contents(sandbox: &Sandbox, name: &str) -> String {
    match sandbox.files().read(&format!("{HOME}/{name}")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// What a line printed, standard error last, and the status of its last command.
pub(crate) struct Done {
    pub(crate) output: String,
    pub(crate) status: ExitStatus,
}

/// Runs a line: commands with `|` and `;` between them, one after the other.
pub(crate) async fn run(sandbox: &Sandbox, line: &str) -> Done {
    let mut shown = Vec::new();
    let mut errors = Vec::new();
    let mut status = ExitStatus::SUCCESS;
    for pipeline in pipelines(line) {
        let mut input = Vec::new();
        for command in pipeline {
            let bytes = std::mem::take(&mut input);
            let command = sandbox
                .command(command.iter().map(String::as_str))
                .cwd(HOME)
                .env("TZ", "UTC")
                .timeout(LONG)
                .stdin(Input::Bytes(bytes.into()));
            match command.start() {
                Ok(command) => {
                    let output = command.output(OUTPUT).await.unwrap();
                    input = output.stdout.to_vec();
                    errors.extend_from_slice(&output.stderr);
                    status = output.exit.status;
                }
                Err(error) => errors.extend_from_slice(error.to_string().as_bytes()),
            }
        }
        shown.extend(input);
    }
    shown.extend(errors);
    Done {
        output: String::from_utf8_lossy(&shown).into_owned(),
        status,
    }
}

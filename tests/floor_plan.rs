//! Keeps the floor plan of ARCHITECTURE.md true: who may import whom, where
//! unsafe may stand, who may name wasmtime, how long a file may be.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the runtime from the ground up. A room may import rooms that
/// stand before it, and itself.
const FLOORS: [&[&str]; 18] = [
    &["limits", "id", "determinism", "checkpoints", "files"],
    &["stream"],
    &["error"],
    &["state"],
    &["execution"],
    &["interrupt"],
    &["guest"],
    &["host_function"],
    &["wasi"],
    &["engine"],
    &["image"],
    &["worker"],
    &["snapshot"],
    &["context"],
    &["access"],
    &["command"],
    &["sandbox"],
    &["runtime"],
];

/// The rooms of the server.
const SERVER_FLOORS: [&[&str]; 9] = [
    &["clock", "openapi", "secret", "stall", "store"],
    &["refusal", "settings"],
    &["body", "lease", "tls"],
    &["telemetry"],
    &["shared"],
    &["access", "connect", "gateway"],
    &["control", "envd", "interpreter"],
    &["conformance", "route"],
    &["serve", "server"],
];

/// The rooms of the tools for agents.
const MCP_FLOORS: [&[&str]; 9] = [
    &["capped"],
    &["answer"],
    &["source"],
    &["place"],
    &["desk", "run"],
    &["tools"],
    &["handler"],
    &["http"],
    &["server"],
];

/// Upward edges of the server that are meant.
const SERVER_EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "server",
    "serve",
    "the handle that people hold starts the loop that takes connections",
)];

/// Upward edges that are meant: (from, to, why).
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    (
        "limits",
        "error",
        "a limit's check answers the crate's error",
    ),
    (
        "execution",
        "interrupt",
        "an execution hands out its interrupt handle",
    ),
    ("guest", "execution", "frames become events"),
    (
        "sandbox",
        "runtime",
        "the builder carries the runtime's handle",
    ),
    (
        "error",
        "files",
        "the crate's error wraps that of the files",
    ),
];

/// Lines of one source file, its tests included.
const FILE_LINES: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn floor(floors: &[&[&str]], room: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&room))
}

/// The rooms that a source text imports, or names by `crate::room`.
fn imports(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            rooms.push(rest[..end].to_owned());
        }
    }
    rooms
}

#[test]
fn imports_go_down() {
    check_imports("runtime/src", &FLOORS, &EXCEPTIONS);
    check_imports("server/src", &SERVER_FLOORS, &SERVER_EXCEPTIONS);
    check_imports("mcp/src", &MCP_FLOORS, &[]);
}

fn check_imports(folder: &str, floors: &[&[&str]], exceptions: &[(&str, &str, &str)]) {
    let source = root().join(folder);
    for path in sources(&source) {
        let relative = path.strip_prefix(&source).unwrap();
        let first = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy();
        let room = first.trim_end_matches(".rs").to_owned();
        if room == "lib" {
            continue;
        }
        let own = floor(floors, &room);
        assert!(own.is_some(), "{room} has no place in the floor plan");
        for other in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(theirs) = floor(floors, &other) else {
                continue;
            };
            let meant = exceptions
                .iter()
                .any(|(from, to, _)| *from == room && *to == other);
            assert!(
                other == room || Some(theirs) < own || meant,
                "{} imports {other}, which is not below {room}",
                relative.display()
            );
        }
    }
}

#[test]
fn the_server_knows_no_engine() {
    let mcp = sources(&root().join("mcp/src"));
    for path in sources(&root().join("server/src")).into_iter().chain(mcp) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("wasmtime"),
            "{} names wasmtime",
            path.display()
        );
    }
}

#[test]
fn unsafe_stands_in_one_crate() {
    for path in sources(&root()) {
        let relative = path.strip_prefix(root()).unwrap().to_owned();
        if relative.starts_with("runtime/sys") || relative.starts_with("tests/floor_plan.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for form in ["unsafe {", "unsafe fn", "unsafe impl"] {
            assert!(!text.contains(form), "{} has `{form}`", relative.display());
        }
    }
    for library in [
        "runtime/src/lib.rs",
        "guest-langs/build/src/lib.rs",
        "guest-langs/javascript/src/lib.rs",
        "guest-langs/programs/src/lib.rs",
        "guest-langs/python/src/lib.rs",
        "guest-langs/shell/src/lib.rs",
        "harden/src/lib.rs",
        "mcp/src/lib.rs",
        "server/src/lib.rs",
    ] {
        let text = fs::read_to_string(root().join(library)).unwrap();
        assert!(
            text.contains("#![forbid(unsafe_code)]"),
            "{library} does not forbid unsafe code"
        );
    }
}

#[test]
fn only_the_engine_names_wasmtime() {
    let source = root().join("runtime/src");
    for path in sources(&source) {
        let relative = path.strip_prefix(&source).unwrap().to_owned();
        // Compiled code is a wasmtime module until the engine has linked it.
        if relative.starts_with("engine") || relative == Path::new("image/compiled.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let named = code.filter(|line| line.contains("wasmtime::")).count();
        assert_eq!(named, 0, "{} names wasmtime", relative.display());
    }
}

#[test]
fn the_runtime_names_no_language() {
    let source = root().join("runtime/src");
    for path in sources(&source) {
        let relative = path.strip_prefix(&source).unwrap();
        if relative
            .components()
            .any(|part| part.as_os_str() == "tests")
        {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let names = lines.any(|line| line.to_lowercase().contains("python"));
        assert!(!names, "{} names a language", relative.display());
    }
}

#[test]
fn files_are_short() {
    for path in sources(&root()) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= FILE_LINES, "{} has {lines} lines", path.display());
    }
}

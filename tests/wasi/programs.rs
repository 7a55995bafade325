//! Our own C programs. Each checks many cases and prints those that are wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use sandcell::Cache;
use sandcell::files::{FileLimits, Standard, Storage, Tree};
use sandcell_python::Python;
use sandcell_python::build::Silent;
use tempfile::TempDir;

use super::{empty_tree, run};

/// The compiler that builds the guests. It is there when an image was built
/// from source, which every other test of guests needs as well.
fn compiler() -> PathBuf {
    let cache = Cache::of_user().expect("a cache");
    let recipe = Python::default().recipe_in(cache.path());
    let compiler = recipe.compiler().join("zig");
    if !compiler.is_file() {
        recipe.run(&mut Silent).expect("the guest is built");
    }
    compiler
}

fn compile(name: &str) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/wasi/programs")
        .join(name);
    let wasm = folder.path().join("program.wasm");
    let done = Command::new(compiler())
        .args([
            "cc",
            "-target",
            "wasm32-wasi",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
        ])
        .arg("-Wno-unused-function")
        .arg(source)
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

async fn check(name: &str, tree: Tree, least: u32) {
    let wasm = compile(&format!("{name}.c"));
    let ended = run(&wasm, &[name, "word"], &[("NAME", "value")], tree).await;
    let output = String::from_utf8_lossy(&ended.output).into_owned();
    assert_eq!(ended.trap, None, "{output}");
    assert_eq!(ended.status, Some(0), "{output}");
    // The count is printed, so that a program that stops early is noticed.
    let count = output.trim_end().rsplit('\n').next().unwrap_or_default();
    let count = count.strip_prefix(&format!("{name}: ")).expect("a count");
    let count: u32 = count.split(' ').next().unwrap().parse().unwrap();
    assert!(count >= least, "{count} cases");
}

#[tokio::test]
async fn calls_on_paths() {
    check("paths", empty_tree(), 90).await;
}

#[tokio::test]
async fn calls_on_descriptors() {
    check("descriptors", empty_tree(), 100).await;
}

#[tokio::test]
async fn the_c_library() {
    let limits = FileLimits::default();
    let storage = Storage::new(std::env::temp_dir());
    let tree = Tree::standard(&Standard::default(), limits, storage, 1).unwrap();
    check("library", tree, 60).await;
}

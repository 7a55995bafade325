//! The public WASI test suite: its prebuilt programs of preview 1.
//!
//! `SANDCELL_WASI_TESTSUITE` names its folder, in which programs lie beside
//! descriptions of the same name with `.json`. A program that is expected to be
//! given `fs-tests.dir` gets those files at the root, which is the one directory
//! that our guests are given.

use std::fs;
use std::path::{Path, PathBuf};

use sandcell::files::Tree;
use serde_json::Value;

use super::{empty_tree, run};

/// Programs that may fail: the bar is 71 of the 72 of preview 1. Ours stops at
/// the root where a path leads above it, as a Unix root does, and the suite has
/// a program that wants it refused.
const MAY_FAIL: usize = 1;

fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if text.ends_with(".wasm") && !text.contains("wasip3") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Copies a folder of the host into a tree.
fn lay(tree: &mut Tree, host: &Path, guest: &str) {
    for entry in fs::read_dir(host).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{guest}/{}", entry.file_name().into_string().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            tree.make_dirs(&path, 1).unwrap();
            lay(tree, &entry.path(), &path);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            tree.symlink(target.to_str().unwrap(), &path, 1).unwrap();
        } else {
            tree.write(&path, &fs::read(entry.path()).unwrap(), 1)
                .unwrap();
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().cloned().unwrap_or_default();
    list.iter()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

async fn passes(program: &Path) -> Result<(), String> {
    let description = fs::read(program.with_extension("json")).unwrap_or_else(|_| b"{}".to_vec());
    let description: Value = serde_json::from_slice(&description).map_err(|e| e.to_string())?;
    let mut tree = empty_tree();
    let mut dirs = texts(&description["dirs"]);
    dirs.extend(description["root"].as_str().map(str::to_owned));
    for dir in &dirs {
        let host = program.with_file_name(dir);
        lay(&mut tree, &host, "");
        // Programs in C and AssemblyScript name it.
        tree.make_dirs(&format!("/{dir}"), 1).unwrap();
        lay(&mut tree, &host, &format!("/{dir}"));
    }
    let mut arguments = vec![program.file_stem().unwrap().to_string_lossy().into_owned()];
    for word in texts(&description["args"]) {
        let given = dirs.contains(&word);
        arguments.push(if given { "/".to_owned() } else { word });
    }
    let environment: Vec<(String, String)> = description["env"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (&**n, &**v)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let wasm = fs::read(program).map_err(|error| error.to_string())?;
    let ended = run(&wasm, &arguments, &environment, tree).await;
    let output = String::from_utf8_lossy(&ended.output).into_owned();
    let wanted = description["exit_code"].as_i64().unwrap_or(0);
    if ended.status.map(i64::from) != Some(wanted) {
        return Err(format!("{:?} {:?}: {output}", ended.status, ended.trap));
    }
    match description["stdout"].as_str() {
        Some(stdout) if stdout != output => Err(format!("it printed {output:?}")),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn the_public_suite_passes() {
    let Some(folder) = std::env::var_os("SANDCELL_WASI_TESTSUITE") else {
        eprintln!("not run: SANDCELL_WASI_TESTSUITE names no folder");
        return;
    };
    let programs = programs(Path::new(&folder));
    assert!(
        !programs.is_empty(),
        "no programs in {}",
        folder.to_string_lossy()
    );
    let mut failed = Vec::new();
    for program in &programs {
        if let Err(reason) = passes(program).await {
            let name = program.file_stem().unwrap().to_string_lossy().into_owned();
            eprintln!("{name}: {reason}");
            failed.push(name);
        }
    }
    eprintln!(
        "{} of {} programs pass",
        programs.len() - failed.len(),
        programs.len()
    );
    assert!(failed.len() <= MAY_FAIL, "{failed:?}");
}

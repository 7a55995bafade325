//! The last step: from the outcomes of the others to the folder that is handed
//! out. Deterministic: entries sorted, times fixed, nothing of this machine but
//! in the list of tools.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::check;
use crate::error::BuildError;
use crate::inputs::Input;
use crate::key::hex;
use crate::plan::Plan;
use crate::store::Store;

/// Raised when this file makes something else from the same steps.
pub(crate) const FORMAT: &str = "1";

pub(crate) const MODULE: &str = "guest.wasm";
pub(crate) const LIBRARY: &str = "lib.zip";
pub(crate) const PROGRAMS: &str = "programs";
pub(crate) const LICENCES: &str = "licences";
pub(crate) const MANIFEST: &str = "build.json";

/// `build.json`.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    /// Key of all that the guest was made from.
    recipe: &'a str,
    inputs: Vec<Input>,
    /// First line of each program's `--version`.
    tools: BTreeMap<&'static str, String>,
    /// SHA-256 of each file that was made.
    outputs: BTreeMap<String, String>,
}

/// Make the guest's folder and publish it. `line` hears about the parts.
pub(crate) fn run(
    plan: &Plan,
    store: &Store,
    line: &mut dyn FnMut(&str),
) -> Result<(), BuildError> {
    let work = store.begin(plan.assemble)?;
    let out = work.join("out");
    fs::create_dir(&out).map_err(BuildError::io("make", &out))?;

    let mut outputs = Vec::new();
    if let Some(module) = plan.parts.module {
        line("checking the module");
        let linked = store.finished(module).join(MODULE);
        let module = fs::read(&linked).map_err(BuildError::io("read", &linked))?;
        check::check(&module)?;
        write_synced(&out.join(MODULE), &module)?;

        line("packing the library");
        let tree = |step: &_| store.finished(*step).join("lib");
        let trees: Vec<PathBuf> = plan.parts.library.iter().map(tree).collect();
        pack(&trees, &out.join(LIBRARY))?;
        outputs.extend([MODULE.to_owned(), LIBRARY.to_owned()]);
    }
    if !plan.parts.programs.is_empty() {
        line("checking the programs");
        let to = out.join(PROGRAMS);
        fs::create_dir(&to).map_err(BuildError::io("make", &to))?;
    }
    for step in plan.parts.programs {
        for (name, path) in files_below(&store.finished(*step).join(PROGRAMS))? {
            let module = fs::read(&path).map_err(BuildError::io("read", &path))?;
            check::check_program(&module)?;
            let name = format!("{PROGRAMS}/{name}");
            write_synced(&out.join(&name), &module)?;
            outputs.push(name);
        }
    }

    let to = out.join(LICENCES);
    fs::create_dir(&to).map_err(BuildError::io("make", &to))?;
    for step in plan.parts.licences {
        for (name, path) in files_below(&store.finished(*step).join(LICENCES))? {
            fs::copy(&path, to.join(name)).map_err(BuildError::io("copy", &path))?;
        }
    }

    line("writing the manifest");
    let manifest = Manifest {
        recipe: store.key(plan.assemble).map_or("", |key| key.as_str()),
        inputs: (plan.inputs)(),
        tools: plan
            .tools
            .iter()
            .filter_map(|tool| Some((*tool, version(tool)?)))
            .collect(),
        outputs: outputs
            .into_iter()
            .map(|name| {
                let digest = digest(&out.join(&name))?;
                Ok((name, digest))
            })
            .collect::<Result<_, BuildError>>()?,
    };
    let path = out.join(MANIFEST);
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::from)
        .map_err(BuildError::io("write", &path))?;
    text.push(b'\n');
    write_synced(&path, &text)?;
    store.publish(plan.assemble, &work)
}

/// Put whole trees into one archive, nothing compressed: the runtime maps it.
pub(crate) fn pack(trees: &[PathBuf], archive: &Path) -> Result<(), BuildError> {
    let failed =
        |source: zip::result::ZipError| BuildError::io("write", archive)(io::Error::other(source));
    let mut entries = BTreeMap::new();
    for tree in trees {
        entries.extend(files_below(tree)?);
    }
    let file = File::create(archive).map_err(BuildError::io("write", archive))?;
    let mut writer = ZipWriter::new(io::BufWriter::new(file));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, path) in entries {
        let bytes = fs::read(&path).map_err(BuildError::io("read", &path))?;
        writer.start_file(name, options).map_err(failed)?;
        writer
            .write_all(&bytes)
            .map_err(BuildError::io("write", archive))?;
    }
    let buffer = writer.finish().map_err(failed)?;
    buffer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(BuildError::io("write", archive))
}

/// All files below `top` by their paths inside it, with `/`.
fn files_below(top: &Path) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(String::new(), top.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        let failed = |source| BuildError::io("list", &folder)(source);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push((name + "/", entry.path()));
            } else {
                found.insert(name, entry.path());
            }
        }
    }
    Ok(found)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    File::create(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(BuildError::io("write", path))
}

fn digest(path: &Path) -> Result<String, BuildError> {
    let bytes = fs::read(path).map_err(BuildError::io("read", path))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// The first line that a program prints about its version; none when it is not there.
fn version(tool: &str) -> Option<String> {
    let output = Command::new(tool)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_sorted_stored_and_the_same_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        for (path, text) in [
            (one.join("python3.13/b.py"), "b"),
            (one.join("python3.13/a/__init__.py"), "aa"),
            (two.join("sandcell/kernel.py"), "kernel"),
        ] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let trees = [one, two];
        let (first, second) = (folder.path().join("1.zip"), folder.path().join("2.zip"));
        pack(&trees, &first).unwrap();
        pack(&trees, &second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());

        let mut archive = zip::ZipArchive::new(File::open(&first).unwrap()).unwrap();
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).unwrap();
            assert_eq!(entry.compression(), CompressionMethod::Stored);
            names.push(entry.name().unwrap().into_owned());
        }
        assert_eq!(
            names,
            [
                "python3.13/a/__init__.py",
                "python3.13/b.py",
                "sandcell/kernel.py"
            ]
        );
    }
}

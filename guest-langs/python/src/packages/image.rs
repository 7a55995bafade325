//! A guest of a language with more packages in its library.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sandcell::GuestFolder;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::pip::hex;
use super::requirement::{is_name, is_version, normalized};
use super::{PackageError, Present, Requirement, Store, Wheel};

/// Where packages are in the archive of the library.
const SITE: &str = "python3.13/site-packages/";
/// Modules that the kernel imports before the image is frozen, one a line.
const PRELOAD: &str = "sandcell-preload.txt";
/// Most files that wheels may bring.
const FILES: usize = 50_000;

/// A guest in a folder that goes with it.
#[derive(Debug)]
pub struct ExtendedGuest {
    /// Removes the folder when it is dropped.
    _folder: tempfile::TempDir,
    guest: GuestFolder,
}

impl ExtendedGuest {
    /// What [`sandcell::Cache::boot`] makes an image of.
    #[must_use]
    pub fn guest(&self) -> &GuestFolder {
        &self.guest
    }
}

/// The packages in the library of a built guest.
///
/// # Errors
/// [`PackageError::Io`].
pub fn present_in(guest: &GuestFolder) -> Result<Vec<Present>, PackageError> {
    let path = guest.path.join("lib.zip");
    let archive = File::open(&path)
        .and_then(|file| Ok(ZipArchive::new(file)?))
        .map_err(PackageError::io("read", &path))?;
    let mut present = Vec::new();
    for name in archive.file_names().flatten() {
        let info = name
            .strip_prefix(SITE)
            .and_then(|name| name.strip_suffix(".dist-info/METADATA"));
        if let Some((name, version)) = info.and_then(|info| info.split_once('-'))
            && is_name(name)
            && is_version(version)
        {
            present.push(Present {
                name: name.to_owned(),
                version: version.to_owned(),
            });
        }
    }
    Ok(present)
}

/// Makes a guest of `base` and `wheels` in a folder below `cache`. The modules of
/// the packages that `wanted` names are imported before its image is frozen.
///
/// # Errors
/// [`PackageError`].
pub fn extend(
    base: &GuestFolder,
    cache: &Path,
    wanted: &[Requirement],
    wheels: &[Wheel],
) -> Result<ExtendedGuest, PackageError> {
    let store = Store::new(cache);
    let folder = tempfile::Builder::new()
        .prefix("guest-")
        .tempdir_in(cache)
        .map_err(PackageError::io("make a folder in", cache))?;
    let to = |name: &str| folder.path().join(name);
    for name in ["guest.wasm", "lib.zip", "build.json"] {
        let from = base.path.join(name);
        fs::copy(&from, to(name)).map_err(PackageError::io("copy", &from))?;
    }
    let licences = to("licences");
    copy_files(&base.path.join("licences"), &licences)?;
    let unpacked = to("unpacked");
    fs::create_dir(&unpacked).map_err(PackageError::io("make", &unpacked))?;
    store.unpack(wheels, &unpacked)?;

    let mut files = Vec::new();
    list(&unpacked, "", &mut files)?;
    files.retain(|name| !name.starts_with("bin/") && !name.starts_with("share/"));
    files.sort();
    keep_licences(&unpacked, &files, &licences)?;
    let modules = modules(&unpacked, &files, wanted)?;
    add_to_library(&to("lib.zip"), &unpacked, &files, &modules)?;
    fs::remove_dir_all(&unpacked).map_err(PackageError::io("remove", &unpacked))?;

    let mut digest = Sha256::new();
    digest.update(base.recipe.as_bytes());
    for wheel in wheels {
        digest.update(wheel.sha256.as_bytes());
    }
    let mut recipe = hex(&digest.finalize());
    recipe.truncate(32);
    note(&to("build.json"), &recipe, wheels)?;
    let guest = GuestFolder::new(folder.path().to_owned(), recipe).sample(&base.sample);
    Ok(ExtendedGuest {
        _folder: folder,
        guest,
    })
}

fn copy_files(from: &Path, to: &Path) -> Result<(), PackageError> {
    fs::create_dir_all(to).map_err(PackageError::io("make", to))?;
    for entry in fs::read_dir(from).map_err(PackageError::io("list", from))? {
        let entry = entry.map_err(PackageError::io("list", from))?;
        let target = to.join(entry.file_name());
        fs::copy(entry.path(), &target).map_err(PackageError::io("copy", &target))?;
    }
    Ok(())
}

/// The names of all files below, with `/` between their parts.
fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<(), PackageError> {
    for entry in fs::read_dir(folder).map_err(PackageError::io("list", folder))? {
        let entry = entry.map_err(PackageError::io("list", folder))?;
        let kind = entry
            .file_type()
            .map_err(PackageError::io("look at", entry.path()))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() {
            found.push(name);
        }
        if found.len() > FILES {
            return Err(PackageError::Failed {
                said: format!("the packages have more than {FILES} files"),
            });
        }
    }
    Ok(())
}

/// Puts the papers of each package beside those of the base, one file a package.
fn keep_licences(from: &Path, files: &[String], to: &Path) -> Result<(), PackageError> {
    let papers = ["licen", "copying", "notice"];
    for name in files {
        let Some((info, rest)) = name.split_once(".dist-info/") else {
            continue;
        };
        let lower = rest.rsplit('/').next().unwrap_or_default().to_lowercase();
        if !papers.iter().any(|paper| lower.starts_with(paper)) {
            continue;
        }
        let package = info.split('-').next().unwrap_or(info);
        let path = from.join(name);
        let text = fs::read(&path).map_err(PackageError::io("read", &path))?;
        let target = to.join(format!("{package}.txt"));
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&target)
            .and_then(|mut file| file.write_all(&text))
            .map_err(PackageError::io("write", &target))?;
    }
    Ok(())
}

/// The modules at the top of the packages that are wanted by name.
fn modules(
    unpacked: &Path,
    files: &[String],
    wanted: &[Requirement],
) -> Result<BTreeSet<String>, PackageError> {
    let mut found = BTreeSet::new();
    for name in files {
        let Some(info) = name.strip_suffix(".dist-info/RECORD") else {
            continue;
        };
        let package = normalized(info.split('-').next().unwrap_or(info));
        if !wanted.iter().any(|each| normalized(each.name()) == package) {
            continue;
        }
        let path = unpacked.join(name);
        let record = fs::read_to_string(&path).map_err(PackageError::io("read", &path))?;
        for line in record.lines() {
            let file = line.split(',').next().unwrap_or_default();
            let module = match file.split_once('/') {
                Some((package, "__init__.py")) => package,
                Some(_) => continue,
                None => file.strip_suffix(".py").unwrap_or_default(),
            };
            let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !module.is_empty() && module.chars().all(good) {
                found.insert(module.to_owned());
            }
        }
    }
    Ok(found)
}

/// Adds the files at the end of the archive, nothing compressed: the runtime maps it.
fn add_to_library(
    library: &PathBuf,
    unpacked: &Path,
    files: &[String],
    modules: &BTreeSet<String>,
) -> Result<(), PackageError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(library)?;
        let known: BTreeSet<String> = ZipArchive::new(&mut file)?
            .file_names()
            .flatten()
            .map(|name| name.into_owned())
            .collect();
        let mut archive = ZipWriter::new_append(file)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        for name in files {
            let inside = format!("{SITE}{name}");
            // What the image has stays as it is.
            if known.contains(&inside) {
                continue;
            }
            archive.start_file(inside, options)?;
            archive.write_all(&fs::read(unpacked.join(name))?)?;
        }
        archive.start_file(PRELOAD, options)?;
        for module in modules {
            writeln!(archive, "{module}")?;
        }
        archive.finish()?.sync_all()
    };
    write().map_err(PackageError::io("write", library))
}

/// Says in the guest's papers what was added.
fn note(path: &PathBuf, recipe: &str, wheels: &[Wheel]) -> Result<(), PackageError> {
    let write = || -> io::Result<()> {
        let mut papers: serde_json::Value = serde_json::from_slice(&fs::read(path)?)?;
        let added: Vec<_> = wheels
            .iter()
            .map(|wheel| {
                serde_json::json!({"name": wheel.name, "version": wheel.version, "sha256": wheel.sha256})
            })
            .collect();
        if let Some(papers) = papers.as_object_mut() {
            papers.insert(
                "base".to_owned(),
                papers.get("recipe").cloned().unwrap_or_default(),
            );
            papers.insert("recipe".to_owned(), recipe.into());
            papers.insert("added".to_owned(), added.into());
        }
        fs::write(path, serde_json::to_vec_pretty(&papers)?)
    };
    write().map_err(PackageError::io("write", path))
}

//! Images as one file: a gzip-compressed tar of the image's files, without
//! native code. The manifest comes first and says what else may come.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::engine::flatten;
use crate::error::{Error, ImageFault, Result};
use crate::image::folder::{Folder, create_private, make_private_folder};
use crate::image::manifest::{
    BUILD, FileRecord, LIBRARY, LICENCES, MANIFEST, MANIFEST_BYTES, MEMORY, MODULE, Manifest,
};

/// Most bytes of one large file of an image.
const LARGE_BYTES: u64 = 4 << 30;

/// Most bytes of a licence text and of `build.json`.
const TEXT_BYTES: u64 = 4 << 20;

/// Writes the image in `folder` to `path`, replacing it when all is written.
pub(crate) fn export(folder: &Folder, path: &Path) -> Result<()> {
    let manifest = folder.manifest()?;
    folder.verify(&manifest)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let _stale = std::fs::remove_file(&fresh);
    let file = create_private(&fresh)?;
    let write = || -> std::io::Result<()> {
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
        for name in [MANIFEST, MODULE, MEMORY, LIBRARY] {
            append(&mut archive, folder, name)?;
        }
        if folder.file(BUILD).exists() {
            append(&mut archive, folder, BUILD)?;
        }
        for licence in &manifest.licences {
            append(&mut archive, folder, &format!("{LICENCES}/{licence}"))?;
        }
        archive.into_inner()?.finish()?.sync_all()
    };
    write()
        .map_err(Error::io("write", &fresh))
        .inspect_err(|_| {
            let _left_over = std::fs::remove_file(&fresh);
        })?;
    std::fs::rename(&fresh, path).map_err(Error::io("rename", &fresh))
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    folder: &Folder,
    name: &str,
) -> std::io::Result<()> {
    let file = File::open(folder.file(name))?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(0o600);
    header.set_mtime(0);
    archive.append_data(&mut header, name, file)
}

/// Reads only the manifest of an exported image.
pub(crate) fn peek(path: &Path) -> Result<Manifest> {
    let bad = |reason: ImageFault| Error::BadImage {
        path: path.to_owned(),
        reason,
    };
    let broken = |error: std::io::Error| {
        bad(ImageFault::Archive {
            detail: error.to_string(),
        })
    };
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let first = archive
        .entries()
        .map_err(broken)?
        .next()
        .transpose()
        .map_err(broken)?;
    let mut first = first.ok_or_else(|| {
        bad(ImageFault::Missing {
            file: MANIFEST.to_owned(),
        })
    })?;
    read_manifest(&mut first).map_err(bad)
}

/// Unpacks `path` into the empty folder `target` and checks everything.
pub(crate) fn import(path: &Path, target: &Folder) -> Result<Manifest> {
    let bad = |reason: ImageFault| Error::BadImage {
        path: path.to_owned(),
        reason,
    };
    let broken = |error: std::io::Error| {
        bad(ImageFault::Archive {
            detail: error.to_string(),
        })
    };
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut entries = archive.entries().map_err(broken)?;
    let first = entries.next().transpose().map_err(broken)?;
    let mut first = first.ok_or_else(|| {
        bad(ImageFault::Missing {
            file: MANIFEST.to_owned(),
        })
    })?;
    let manifest = read_manifest(&mut first).map_err(bad)?;
    make_private_folder(&target.file(LICENCES))?;
    let mut expected = expected(&manifest);
    for entry in entries {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let regular = entry.header().entry_type() == tar::EntryType::Regular;
        let Some(rule) = expected.remove(&name).filter(|_| regular) else {
            let entry = name.chars().take(200).collect();
            return Err(bad(ImageFault::Unexpected { entry }));
        };
        unpack(&mut entry, &name, &rule, target, &bad)?;
    }
    if let Some((missing, _)) = expected.iter().find(|(_, rule)| rule.required) {
        return Err(bad(ImageFault::Missing {
            file: missing.clone(),
        }));
    }
    check_module(target)?;
    target.seal(&manifest)?;
    Ok(manifest)
}

fn read_manifest(entry: &mut impl EntryLike) -> std::result::Result<Manifest, ImageFault> {
    let size = entry.size();
    if entry.name() != MANIFEST.as_bytes() {
        return Err(ImageFault::Unexpected {
            entry: String::from_utf8_lossy(&entry.name())
                .chars()
                .take(200)
                .collect(),
        });
    }
    if size > MANIFEST_BYTES {
        return Err(ImageFault::TooLarge {
            file: MANIFEST.to_owned(),
            bytes: size,
            allowed: MANIFEST_BYTES,
        });
    }
    let mut bytes = Vec::new();
    entry
        .take(MANIFEST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| ImageFault::Archive {
            detail: error.to_string(),
        })?;
    Manifest::parse(&bytes)
}

/// What of a tar entry is needed here.
trait EntryLike: Read {
    fn size(&self) -> u64;
    fn name(&self) -> Vec<u8>;
}

impl<R: Read> EntryLike for tar::Entry<'_, R> {
    fn size(&self) -> u64 {
        tar::Entry::size(self)
    }

    fn name(&self) -> Vec<u8> {
        self.path_bytes().into_owned()
    }
}

/// What an entry of an archive must be.
struct Rule {
    record: Option<FileRecord>,
    required: bool,
    bound: u64,
}

fn expected(manifest: &Manifest) -> BTreeMap<String, Rule> {
    let large = |record: &FileRecord| Rule {
        record: Some(record.clone()),
        required: true,
        bound: LARGE_BYTES.min(record.bytes),
    };
    let text = |required| Rule {
        record: None,
        required,
        bound: TEXT_BYTES,
    };
    let mut rules = BTreeMap::from([
        (MODULE.to_owned(), large(&manifest.module)),
        (MEMORY.to_owned(), large(&manifest.memory)),
        (LIBRARY.to_owned(), large(&manifest.library)),
        (BUILD.to_owned(), text(false)),
    ]);
    for licence in &manifest.licences {
        rules.insert(format!("{LICENCES}/{licence}"), text(true));
    }
    rules
}

fn unpack(
    entry: &mut impl EntryLike,
    name: &str,
    rule: &Rule,
    target: &Folder,
    bad: &impl Fn(ImageFault) -> Error,
) -> Result<()> {
    let bytes = entry.size();
    if bytes > rule.bound {
        return Err(bad(ImageFault::TooLarge {
            file: name.to_owned(),
            bytes,
            allowed: rule.bound,
        }));
    }
    let mut contents = Vec::new();
    entry
        .take(rule.bound)
        .read_to_end(&mut contents)
        .map_err(|error| {
            bad(ImageFault::Archive {
                detail: error.to_string(),
            })
        })?;
    let written = if name == MEMORY {
        target.write_memory(&contents)?
    } else {
        target.write(name, &contents)?
    };
    if rule
        .record
        .as_ref()
        .is_some_and(|record| *record != written)
    {
        return Err(bad(ImageFault::Digest {
            file: name.to_owned(),
        }));
    }
    Ok(())
}

/// A foreign module has to keep the rules that ours keep: flattening it again
/// must find nothing to take out.
fn check_module(target: &Folder) -> Result<()> {
    let path = target.file(MODULE);
    let wasm = std::fs::read(&path).map_err(Error::io("read", path))?;
    let flat = flatten_exported(&wasm)?;
    if flat {
        return Ok(());
    }
    Err(Error::BadGuest {
        reason: "it still has data segments".to_owned(),
    })
}

fn flatten_exported(wasm: &[u8]) -> Result<bool> {
    flatten(wasm).map(|flat| flat.data.is_empty())
}

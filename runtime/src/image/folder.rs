//! The files of one image on disk.
//!
//! A folder is written under another name, then moved into its place as a whole.
//! Sizes and times of the large files are recorded in `stamps.json` at that
//! moment; opening an image compares them instead of reading everything. The
//! full check is [`Folder::verify`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sandcell_sys::{PAGE_BYTES, PrivateFile, Stamp};

use crate::error::{Error, ImageFault, Result};
use crate::image::manifest::{
    FileRecord, LIBRARY, MANIFEST, MANIFEST_BYTES, MEMORY, MODULE, Manifest,
};

const STAMPS: &str = "stamps.json";

/// The files whose stamps are recorded.
const STAMPED: [&str; 4] = [MANIFEST, MODULE, MEMORY, LIBRARY];

/// The folder of an image.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn fault(&self, reason: ImageFault) -> Error {
        Error::BadImage {
            path: self.path.clone(),
            reason,
        }
    }

    /// Reads the manifest and checks the stamps of all files.
    pub(crate) fn manifest(&self) -> Result<Manifest> {
        let stamps = self.stamps()?;
        for name in STAMPED {
            let recorded = stamps.get(name);
            let found = self.open(name)?.stamp();
            if recorded != Some(&(found.bytes, found.modified_ns)) {
                return Err(self.fault(ImageFault::Changed {
                    file: name.to_owned(),
                }));
            }
        }
        let bytes = self.small_file(MANIFEST)?;
        let manifest = Manifest::parse(&bytes).map_err(|fault| self.fault(fault))?;
        let records = [
            (MODULE, &manifest.module),
            (MEMORY, &manifest.memory),
            (LIBRARY, &manifest.library),
        ];
        for (name, record) in records {
            if stamps
                .get(name)
                .is_none_or(|(bytes, _)| *bytes != record.bytes)
            {
                return Err(self.fault(ImageFault::Changed {
                    file: name.to_owned(),
                }));
            }
        }
        Ok(manifest)
    }

    /// Opens one of the files as private.
    pub(crate) fn open(&self, name: &str) -> Result<PrivateFile> {
        PrivateFile::open(&self.file(name)).map_err(|error| {
            self.fault(match error {
                sandcell_sys::PrivateFileError::Open { .. } => ImageFault::Missing {
                    file: name.to_owned(),
                },
                other => ImageFault::NotPrivate {
                    detail: other.to_string(),
                },
            })
        })
    }

    /// Reads a whole small file.
    fn small_file(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.open(name)?;
        let bytes = file.stamp().bytes;
        if bytes > MANIFEST_BYTES {
            return Err(self.fault(ImageFault::TooLarge {
                file: name.to_owned(),
                bytes,
                allowed: MANIFEST_BYTES,
            }));
        }
        let mut contents = Vec::new();
        file.into_file()
            .take(MANIFEST_BYTES)
            .read_to_end(&mut contents)
            .map_err(Error::io("read", self.file(name)))?;
        Ok(contents)
    }

    fn stamps(&self) -> Result<BTreeMap<String, (u64, i128)>> {
        let bytes = self.small_file(STAMPS)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            self.fault(ImageFault::Manifest {
                detail: format!("{STAMPS}: {error}"),
            })
        })
    }

    /// Writes a file with private mode and answers its record.
    pub(crate) fn write(&self, name: &str, contents: &[u8]) -> Result<FileRecord> {
        let path = self.file(name);
        let mut file = create_private(&path)?;
        file.write_all(contents)
            .map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))?;
        Ok(record(contents))
    }

    /// Writes memory as a sparse file.
    pub(crate) fn write_memory(&self, memory: &[u8]) -> Result<FileRecord> {
        let path = self.file(MEMORY);
        let file = create_private(&path)?;
        file.set_len(memory.len() as u64)
            .map_err(Error::io("size", &path))?;
        for (index, page) in memory.chunks(PAGE_BYTES).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                file.write_all_at(page, (index * PAGE_BYTES) as u64)
                    .map_err(Error::io("write", &path))?;
            }
        }
        file.sync_data().map_err(Error::io("sync", &path))?;
        Ok(record(memory))
    }

    /// Writes the manifest, then the stamps: the last thing before publishing.
    pub(crate) fn seal(&self, manifest: &Manifest) -> Result<()> {
        let text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| Error::bug(format!("a manifest cannot be written: {error}")))?;
        self.write(MANIFEST, &text)?;
        let mut stamps = BTreeMap::new();
        for name in STAMPED {
            let Stamp { bytes, modified_ns } = self.open(name)?.stamp();
            stamps.insert(name, (bytes, modified_ns));
        }
        let text = serde_json::to_vec_pretty(&stamps)
            .map_err(|error| Error::bug(format!("stamps cannot be written: {error}")))?;
        self.write(STAMPS, &text)?;
        Ok(())
    }

    /// Reads everything and compares digests.
    pub(crate) fn verify(&self, manifest: &Manifest) -> Result<()> {
        let records = [
            (MODULE, &manifest.module),
            (MEMORY, &manifest.memory),
            (LIBRARY, &manifest.library),
        ];
        for (name, record) in records {
            let file = self.open(name)?.into_file();
            let mut hasher = blake3::Hasher::new();
            let read = std::io::copy(&mut file.take(record.bytes + 1), &mut hasher)
                .map_err(Error::io("read", self.file(name)))?;
            if read != record.bytes || hasher.finalize().to_hex().as_str() != record.digest {
                return Err(self.fault(ImageFault::Digest {
                    file: name.to_owned(),
                }));
            }
        }
        Ok(())
    }
}

/// The record of some contents.
pub(crate) fn record(contents: &[u8]) -> FileRecord {
    FileRecord {
        bytes: contents.len() as u64,
        digest: blake3::hash(contents).to_hex().to_string(),
    }
}

/// Makes a new file that only the user may read or write.
pub(crate) fn create_private(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .read(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("create", path))
}

/// Makes a folder, and those above it, that only the user may enter.
pub(crate) fn make_private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::io("make folder", path))?;
    let metadata = std::fs::metadata(path).map_err(Error::io("examine", path))?;
    if metadata.permissions().mode() & 0o022 != 0 {
        return Err(Error::BadSetting {
            setting: "cache",
            value: path.display().to_string(),
            reason: "others may write to it".to_owned(),
        });
    }
    Ok(())
}

//! Snapshots with names, in a folder.

use std::fs::DirBuilder;
use std::io::{ErrorKind as IoErrorKind, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sandcell_sys::PrivateFile;

use crate::error::{Error, Result, SnapshotFault};
use crate::id::{SandboxId, SnapshotId};
use crate::snapshot::digest::Prefix;
use crate::snapshot::head::at;
use crate::snapshot::load::{Body, not_taken};
use crate::snapshot::{Durability, Snapshot};

/// Most characters of a name.
const NAME_CHARACTERS: usize = 64;

/// Named snapshots of one user: a folder that nobody else may enter, with a file for
/// each, as [`Snapshot::save`] writes it. Several processes may use it at a time.
///
/// ```no_run
/// # async fn example(runtime: sandcell::Runtime, sandbox: sandcell::Sandbox) -> sandcell::Result<()> {
/// use sandcell::{Busy, Durability, SnapshotStore};
/// let store = SnapshotStore::open("/var/lib/agent/snapshots")?;
/// let snapshot = sandbox.snapshot(Busy::default()).await?;
/// store.save("prepared", &snapshot, Durability::Machine).await?;
/// for found in store.list()? {
///     println!("{} has {} bytes", found.name, found.bytes);
/// }
/// let snapshot = runtime.load_snapshot(store.path("prepared")?).await?;
/// let copy = runtime.sandbox().snapshot(&snapshot).start().await?;
/// store.remove("prepared")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    folder: PathBuf,
}

/// A snapshot in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedSnapshot {
    /// Its name.
    pub name: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// What its file says of itself, or why that is not taken. The digest is checked
    /// when it is loaded, not here.
    pub about: std::result::Result<AboutSnapshot, SnapshotFault>,
}

/// What a file says of the snapshot in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AboutSnapshot {
    /// Its id.
    pub id: SnapshotId,
    /// The sandbox that it was taken of.
    pub sandbox: SandboxId,
    /// When it was taken.
    pub created: SystemTime,
    /// Name of the image that it stands on.
    pub image: String,
}

impl SnapshotStore {
    /// The store in `folder`, which is made, for this user alone, if it is missing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&folder)
            .map_err(Error::io("create", &folder))?;
        Ok(Self { folder })
    }

    /// The file of a name, for [`crate::Runtime::load_snapshot`] or
    /// [`crate::Runtime::snapshot_file`]. Nothing needs to be there.
    ///
    /// # Errors
    /// [`Error::BadSetting`]: a name is 1 to 64 letters of ASCII, digits, `-` and `_`,
    /// and begins with a letter or a digit.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        if !is_name(name) {
            return Err(Error::BadSetting {
                setting: "the name of a snapshot",
                value: format!(
                    "`{}`",
                    name.chars().take(NAME_CHARACTERS).collect::<String>()
                ),
                reason:
                    "it is 1 to 64 letters, digits, - and _, and begins with a letter or a digit"
                        .to_owned(),
            });
        }
        Ok(self.folder.join(name))
    }

    /// Keeps a snapshot under a name. Another one of that name is replaced, at once
    /// and as a whole.
    ///
    /// # Errors
    /// As [`Self::path`] and [`Snapshot::save`].
    pub async fn save(
        &self,
        name: &str,
        snapshot: &Snapshot,
        durability: Durability,
    ) -> Result<()> {
        snapshot.save(self.path(name)?, durability).await
    }

    /// All of them, by name. One whose file is damaged is among them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(&self) -> Result<Vec<NamedSnapshot>> {
        let listed = std::fs::read_dir(&self.folder).map_err(Error::io("list", &self.folder))?;
        let mut found = Vec::new();
        for entry in listed {
            let entry = entry.map_err(Error::io("list", &self.folder))?;
            // What is being written has another name.
            let name = entry.file_name().into_string().ok();
            let Some(name) = name.filter(|name| is_name(name)) else {
                continue;
            };
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => found.push(NamedSnapshot {
                    name,
                    bytes: metadata.len(),
                    about: about(&entry.path()),
                }),
                // No snapshot, or removed meanwhile.
                _ => {}
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Removes one. Sandboxes and snapshots that were made of it stay as they are.
    /// False when there is none of that name.
    ///
    /// # Errors
    /// As [`Self::path`]; [`Error::Io`].
    pub fn remove(&self, name: &str) -> Result<bool> {
        let path = self.path(name)?;
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("remove", path)(error)),
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= NAME_CHARACTERS
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(usual)
}

/// Reads what stands before the pages.
fn about(path: &Path) -> std::result::Result<AboutSnapshot, SnapshotFault> {
    let file = PrivateFile::open(path).map_err(|error| not_taken(&error))?;
    let file_bytes = file.stamp().bytes;
    let mut file = file.into_file();
    let prefix = Prefix::read(&mut file, file_bytes)?;
    let head = Body {
        input: file.take(prefix.body_bytes),
    }
    .head()?;
    let malformed = |detail: &str| SnapshotFault::Malformed {
        detail: detail.to_owned(),
    };
    Ok(AboutSnapshot {
        id: SnapshotId::parse(&head.id).ok_or_else(|| malformed("its id"))?,
        sandbox: SandboxId::parse(&head.sandbox).ok_or_else(|| malformed("its sandbox"))?,
        created: at(head.created_ns),
        image: head.image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_words() {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path().join("a/b")).unwrap();
        let long = "x".repeat(65);
        for bad in [
            "", ".", "..", "a/b", "a.new", "-a", "_a", "ä", "a b", "a\0", &long,
        ] {
            let error = store.path(bad).unwrap_err();
            assert!(
                matches!(error, Error::BadSetting { .. }),
                "{bad:?}: {error}"
            );
            assert!(store.remove(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "9", "A-b_c", &long[1..]] {
            assert!(store.path(good).unwrap().starts_with(folder.path()));
            assert!(!store.remove(good).unwrap(), "{good:?}");
        }
    }

    #[test]
    fn what_is_no_snapshot_is_listed_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("other"), "x = 1").unwrap();
        std::fs::write(folder.path().join("half.00ff.new"), "sc-snaps").unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        let listed = store.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].name.as_str(), listed[0].bytes), ("other", 5));
        assert!(listed[0].about.is_err());
        assert!(store.remove("other").unwrap());
        assert_eq!(store.list().unwrap(), []);
    }
}

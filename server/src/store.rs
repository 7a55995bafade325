//! Files that outlive the server: saved sandboxes, each with a record that says
//! who it is.
//!
//! The folder is the user's own and private. What is read from it is still
//! bounded and parsed strictly: a file may be old, torn or somebody's mistake.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of one record: twice what a request may have put into it, and room for
/// JSON's escapes.
const RECORD_BYTES: u64 = 16 << 20;

/// Entries of one shelf; what is beyond is not looked at.
pub(crate) const ENTRIES: usize = 10_000;

/// The ends of the names of a record, of the state beside it and of a record
/// that is being written.
const RECORD: &str = "json";
const STATE: &str = "snapshot";
const NEW: &str = "new";

/// A folder of saved sandboxes: for each id a record and a state. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: Arc<PathBuf>,
}

impl Shelf {
    /// The folder, made if it is missing, for its owner only.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        Ok(Self {
            folder: Arc::new(folder),
        })
    }

    fn path(&self, id: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{id}.{end}"))
    }

    /// Where the state of this id is.
    pub(crate) fn state(&self, id: &str) -> PathBuf {
        self.path(id, STATE)
    }

    /// How large the state of this id is.
    pub(crate) fn state_bytes(&self, id: &str) -> u64 {
        fs::metadata(self.state(id)).map_or(0, |state| state.len())
    }

    /// Writes the record of an id, as a whole or not at all. The state is to be
    /// there before: what has no record does not count.
    pub(crate) async fn put<T: Serialize>(&self, id: &str, record: &T) -> io::Result<()> {
        let bytes = serde_json::to_vec(record)?;
        let (new, path) = (self.path(id, NEW), self.path(id, RECORD));
        blocking(move || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&bytes)?;
            fs::rename(&new, &path)
        })
        .await
    }

    /// Removes all of an id. What is not there needs no removal.
    pub(crate) async fn remove(&self, id: &str) {
        // Without a record the state does not count, so the record goes first.
        let paths = [RECORD, STATE, NEW].map(|end| self.path(id, end));
        let removed = blocking(move || paths.iter().try_for_each(|path| remove(path))).await;
        if let Err(error) = removed {
            tracing::error!(%error, id, "a saved sandbox cannot be removed");
        }
    }

    /// All records with their ids. Damaged ones are logged and left where they
    /// are; states without a record are what a crash left, and go.
    pub(crate) fn read_all<T: DeserializeOwned>(&self) -> io::Result<Vec<(String, T)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&*self.folder)? {
            let path = entry?.path();
            let Some(id) = id_of(&path) else {
                tracing::warn!(path = %path.display(), "this is no saved sandbox");
                continue;
            };
            let end = path.extension().and_then(|end| end.to_str());
            if end != Some(RECORD) {
                if end == Some(NEW) || !self.path(&id, RECORD).exists() {
                    tracing::warn!(path = %path.display(), "what was not saved to its end goes");
                    remove(&path)?;
                }
                continue;
            }
            if found.len() >= ENTRIES {
                tracing::warn!("only {ENTRIES} saved sandboxes are taken");
                break;
            }
            match read(&path) {
                Ok(_) if !self.state(&id).exists() => {
                    tracing::warn!(path = %path.display(), "the state of this record is missing");
                }
                Ok(record) => found.push((id, record)),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "this record is damaged");
                }
            }
        }
        Ok(found)
    }
}

/// True for the ids that sandboxes and snapshots have: 32 hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 32 && text.bytes().all(digit)
}

/// Whose file it is. A state that is being written has more between its id and
/// its end.
fn id_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (id, ends) = name.split_once('.')?;
    let is_ours =
        [RECORD, STATE, NEW].contains(&ends) || ends.starts_with(STATE) && ends.ends_with(NEW);
    (is_id(id) && is_ours).then(|| id.to_owned())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(RECORD_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > RECORD_BYTES {
        return Err(io::Error::other("it is too large"));
    }
    Ok(serde_json::from_slice(&bytes)?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn shelf(folder: &Path) -> Shelf {
        Shelf::open(folder.join("shelf")).unwrap()
    }

    #[tokio::test]
    async fn what_is_put_is_private_and_there_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        fs::write(shelf.state(ID), "state").unwrap();
        shelf.put(ID, &7).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&shelf.path(ID, RECORD)), 0o600);
        assert_eq!(mode(&shelf.folder), 0o700);
        assert_eq!(shelf.read_all::<i32>().unwrap(), [(ID.to_owned(), 7)]);
        shelf.remove(ID).await;
        shelf.remove(ID).await;
        assert!(shelf.read_all::<i32>().unwrap().is_empty());
        assert!(!shelf.state(ID).exists());
    }

    #[tokio::test]
    async fn what_was_being_written_goes() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        fs::write(shelf.state(ID), "state").unwrap();
        shelf.put(ID, &7).await.unwrap();
        let other = ID.replace('0', "f");
        for new in [
            format!("{ID}.new"),
            format!("{ID}.snapshot.58f8ec49740a82c2.new"),
            format!("{other}.snapshot.58f8ec49740a82c2.new"),
            format!("{other}.snapshot"),
        ] {
            fs::write(shelf.folder.join(new), "half").unwrap();
        }
        assert_eq!(shelf.read_all::<i32>().unwrap(), [(ID.to_owned(), 7)]);
        assert_eq!(fs::read_dir(&*shelf.folder).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn damaged_records_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let id = |n: usize| format!("{n:032x}");
        for (n, text) in ["", "{", "\"text\"", "7 7", "1e999"].iter().enumerate() {
            fs::write(shelf.path(&id(n), RECORD), text).unwrap();
            fs::write(shelf.state(&id(n)), "").unwrap();
        }
        // A folder, a record without a state, other names, a state alone.
        fs::create_dir(shelf.path(&id(20), RECORD)).unwrap();
        shelf.put(&id(21), &7).await.unwrap();
        fs::write(shelf.folder.join("../x.json"), "7").unwrap();
        fs::write(shelf.folder.join("x.json"), "7").unwrap();
        fs::write(shelf.state(&id(22)), "").unwrap();
        assert!(shelf.read_all::<i32>().unwrap().is_empty());
        assert!(shelf.path(&id(1), RECORD).exists());
        assert!(!shelf.state(&id(22)).exists());
    }
}

//! The key that tells this user's snapshots from forged ones.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sandcell_sys::PrivateFile;

use crate::error::{Error, Result};

const BYTES: usize = 32;

/// A secret of this user, in the cache.
#[derive(Clone)]
pub(crate) struct Key([u8; BYTES]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key in the file `path`, which is made if it is not there.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        if !path.exists() {
            create(path)?;
        }
        let bad = |reason: String| Error::BadSetting {
            setting: "snapshot key",
            value: path.display().to_string(),
            reason,
        };
        let file = PrivateFile::open(path).map_err(|error| bad(error.to_string()))?;
        let mut bytes = Vec::with_capacity(BYTES);
        file.into_file()
            .take(BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", path))?;
        let bytes = bytes
            .try_into()
            .map_err(|_| bad("it does not have 32 bytes".to_owned()))?;
        Ok(Self(bytes))
    }

    /// A key that keeps nothing safe, for tests.
    pub(super) fn known() -> Self {
        Self([7; BYTES])
    }

    pub(crate) fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

/// Writes a new key beside `path` and links it there, unless somebody else was
/// faster.
fn create(path: &Path) -> Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(Error::io("create", &fresh))?;
    let key: [u8; BYTES] = rand::random();
    let written = file.write_all(&key).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match std::fs::hard_link(&fresh, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _left_over = std::fs::remove_file(&fresh);
    linked.map_err(Error::io("create", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_refused_when_others_may_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = Key::of_file(&path).unwrap();
        assert_eq!(Key::of_file(&path).unwrap().bytes(), key.bytes());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(Key::of_file(&path), Err(Error::BadSetting { .. })));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(&path, mode).unwrap();
        assert!(matches!(Key::of_file(&path), Err(Error::BadSetting { .. })));
    }
}

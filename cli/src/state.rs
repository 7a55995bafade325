//! The folder of this user's state. Of the server: its key, where it listens, and
//! a lock, so that one server uses the folder at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The longest file that is read here.
const FILE_BYTES: u64 = 4096;

/// The folder.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

/// A server that runs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// The port of 127.0.0.1 that speaks TLS, if one does.
    #[serde(default)]
    pub(crate) tls_port: Option<u16>,
    pub(crate) process: u32,
}

/// Keeps other servers out of the folder while it lives; then nothing is said to
/// run any more.
#[derive(Debug)]
pub(crate) struct Claim {
    _lock: File,
    note: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A note that stays is seen through: nobody holds the lock.
        let _gone = fs::remove_file(&self.note);
    }
}

impl State {
    /// The folder, made if it is missing.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => default_folder()?,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| trouble("make the folder", &folder, &error))?;
        Ok(Self { folder })
    }

    /// Where a server keeps paused sandboxes and snapshots.
    pub(crate) fn sandboxes(&self) -> PathBuf {
        self.folder.join("sandboxes")
    }

    /// Where named snapshots are.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.folder.join("snapshots")
    }

    /// Where `sandcell sandbox` keeps its sandboxes.
    pub(crate) fn local(&self) -> PathBuf {
        self.folder.join("local")
    }

    /// The folder of the authority that vouches for the server.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key, made if there is none.
    pub(crate) fn key(&self) -> Result<String, Failure> {
        self.secret("key", sandcell_server::new_key)
    }

    /// The token of the tools, made if there is none.
    pub(crate) fn mcp_token(&self) -> Result<String, Failure> {
        self.secret("mcp-token", || {
            sandcell_server::new_key().replacen("e2b_", "mcp_", 1)
        })
    }

    fn secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, Failure> {
        let path = self.folder.join(name);
        match read(&path) {
            Ok(text) => return check(text.trim(), &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(trouble("read the key", &path, &error)),
        }
        let key = make();
        // Written under another name first, so that nobody reads half of it.
        let new = self.folder.join(format!("{name}.{}", std::process::id()));
        let made = private(&new)
            .and_then(|mut file| file.write_all(format!("{key}\n").as_bytes()))
            .and_then(|()| fs::hard_link(&new, &path));
        let _gone = fs::remove_file(&new);
        match made {
            Ok(()) => Ok(key),
            // Somebody else was faster: there is one key only.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = read(&path).map_err(|error| trouble("read the key", &path, &error))?;
                check(text.trim(), &path)
            }
            Err(error) => Err(trouble("write the key", &path, &error)),
        }
    }

    /// Takes the folder for a server of this process.
    pub(crate) fn claim(&self) -> Result<Claim, Failure> {
        let path = self.folder.join("serve.lock");
        let lock = private(&path).map_err(|error| trouble("open", &path, &error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let other = self.note().map_or_else(String::new, |running| {
                format!(" (process {}, at {})", running.process, running.address)
            });
            let message = format!(
                "another `sandcell serve`{other} uses the folder {}",
                self.folder.display()
            );
            return Err(Failure::own(message).hint("`--state-dir DIR` names another folder"));
        }
        Ok(Claim {
            _lock: lock,
            note: self.folder.join("server.json"),
        })
    }

    /// Notes where the server listens.
    pub(crate) fn publish(
        &self,
        claim: &Claim,
        address: SocketAddr,
        tls_port: Option<u16>,
    ) -> Result<(), Failure> {
        let running = Running {
            address,
            tls_port,
            process: std::process::id(),
        };
        let text = serde_json::to_string(&running).map_err(|e| Failure::own(e.to_string()))?;
        let new = self.folder.join("server.json.new");
        private(&new)
            .and_then(|mut file| {
                file.set_len(0)?;
                file.write_all(text.as_bytes())
            })
            .and_then(|()| fs::rename(&new, &claim.note))
            .map_err(|error| trouble("write", &claim.note, &error))
    }

    /// The server that runs, if one does.
    pub(crate) fn running(&self) -> Option<Running> {
        let lock = File::open(self.folder.join("serve.lock")).ok()?;
        // Who can take the lock is alone.
        let alone = flock(&lock, FlockOperation::NonBlockingLockShared).is_ok();
        if alone { None } else { self.note() }
    }

    fn note(&self) -> Option<Running> {
        let text = read(&self.folder.join("server.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

fn default_folder() -> Result<PathBuf, Failure> {
    let from = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = from("SANDCELL_STATE") {
        return Ok(PathBuf::from(folder));
    }
    if let Some(folder) = from("XDG_STATE_HOME") {
        return Ok(PathBuf::from(folder).join("sandcell"));
    }
    let home = from("HOME").ok_or_else(|| {
        Failure::usage("there is no folder for the state: HOME is not set")
            .hint("`--state-dir DIR` names one")
    })?;
    Ok(PathBuf::from(home).join(".local/state/sandcell"))
}

/// Opens a file that only its owner reads, made if it is missing.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn check(key: &str, path: &Path) -> Result<String, Failure> {
    if key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key.to_owned());
    }
    let message = format!("{} holds no key", path.display());
    Err(Failure::own(message).hint("remove the file, and a new key is made"))
}

fn trouble(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::own(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(Some(folder.path())).unwrap();
        let key = state.key().unwrap();
        assert_eq!(state.key().unwrap(), key);
        assert!(key.starts_with("e2b_"));
        let mode = fs::metadata(folder.path().join("key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_without_a_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "short").unwrap();
        let refused = State::open(Some(folder.path())).unwrap().key().unwrap_err();
        assert!(refused.message.contains("holds no key"));
    }

    #[test]
    fn one_server_has_the_folder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(Some(folder.path())).unwrap();
        assert!(state.running().is_none());
        let claim = state.claim().unwrap();
        let address = "127.0.0.1:5".parse().unwrap();
        state.publish(&claim, address, None).unwrap();
        assert_eq!(state.running().unwrap().address, address);
        let refused = state.claim().unwrap_err();
        assert!(refused.message.contains("127.0.0.1:5"), "{refused}");
        drop(claim);
        assert!(state.running().is_none());
        state.claim().unwrap();
    }
}

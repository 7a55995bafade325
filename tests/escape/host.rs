//! The host's side: two folders that a sandbox sees, with traps in them, and
//! beside them what it must never see or change.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// How the files of cases write the folder's path, which differs each time.
const NAME: &str = "{HOST}";

/// A folder of the host with a secret in it.
#[derive(Debug)]
pub(crate) struct Host {
    folder: TempDir,
    secret: String,
    before: Vec<String>,
    // Keeps the socket's other end.
    _listener: UnixListener,
}

impl Host {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path();
        let name = path.file_name().expect("a name of its own");
        let secret = format!("the canary of {}", name.display());
        for name in ["ro", "rw", "outside"] {
            fs::create_dir(path.join(name)).expect("a folder");
        }
        let canary = path.join("outside/canary");
        fs::write(&canary, &secret).expect("the canary");
        fs::set_permissions(&canary, fs::Permissions::from_mode(0o600)).expect("its mode");
        let mut listener = None;
        for name in ["ro", "rw"] {
            let inside = path.join(name);
            fs::create_dir(inside.join("sub")).expect("a folder");
            fs::write(inside.join("data"), "data").expect("a file");
            for (link, target) in [
                ("absolute", canary.as_path()),
                ("climbing", Path::new("../outside/canary")),
                ("folder", Path::new("../outside")),
                ("absolute_folder", canary.parent().expect("a folder")),
                ("root", Path::new("/")),
                ("loop", Path::new("loop")),
                ("dangling", Path::new("../outside/new")),
                ("chain", Path::new("climbing")),
                ("inside", Path::new("sub/../data")),
            ] {
                symlink(target, inside.join(link)).expect("a link");
            }
            let pipe = std::process::Command::new("mkfifo")
                .arg(inside.join("pipe"))
                .status();
            assert!(pipe.expect("mkfifo runs").success());
            listener = Some(UnixListener::bind(inside.join("socket")).expect("a socket"));
        }
        let mut host = Self {
            folder,
            secret,
            before: Vec::new(),
            _listener: listener.expect("a socket"),
        };
        host.before = host.outside();
        host
    }

    /// A folder that is mounted.
    pub(crate) fn shared(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Code of a case with the path of this host's folder in it.
    pub(crate) fn show(&self, code: &str) -> String {
        code.replace(NAME, &self.path())
    }

    /// An answer without what differs each time.
    pub(crate) fn hide(&self, answer: &str) -> String {
        answer.replace(&self.path(), NAME)
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// All that the sandbox may not change, with its status and contents.
    fn outside(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.shared("outside"), self.shared("ro")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is there") {
                let path = entry.expect("an entry").path();
                let status = fs::symlink_metadata(&path).expect("its status");
                let contents = if status.is_file() {
                    fs::read_to_string(&path).expect("its contents")
                } else {
                    String::new()
                };
                found.push(format!(
                    "{} {:o} {} {} {} {contents:?}",
                    path.display(),
                    status.mode(),
                    status.nlink(),
                    status.size(),
                    status.mtime_nsec(),
                ));
                if status.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// The host must look as before.
    pub(crate) fn check(&self) {
        assert_eq!(self.outside(), self.before, "the host was changed");
        let mut top: Vec<_> = fs::read_dir(self.folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        top.sort();
        assert_eq!(top, ["outside", "ro", "rw"], "the host was changed");
    }
}

//! Where sandboxes are between commands: a private folder, in it a folder for
//! each sandbox, with its state, a record of what the state does not say, and a
//! lock.
//!
//! A state is replaced as a whole, so whoever is killed leaves the one before.
//! Locks are the system's: one that a dead process left behind holds nobody up.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal};
use sandcell::SandboxId;
use sandcell::files::Access;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::mount::Mount;
use crate::state::{State, private};

/// The longest record that is read.
const RECORD_BYTES: u64 = 1 << 20;

/// Characters of an id that are enough to name a sandbox.
const SHORTEST: usize = 4;

/// All sandboxes of this user.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// What is noted of a sandbox beside its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The name of the image that it runs over.
    pub(crate) image: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// The sandbox that it is a copy of.
    pub(crate) parent: Option<String>,
    pub(crate) mounts: Vec<MountRecord>,
}

/// A folder of the host, which states do not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MountRecord {
    host: PathBuf,
    guest: String,
    writable: bool,
}

impl MountRecord {
    /// Notes a mount, with its place on the host wherever later commands run.
    pub(crate) fn of(mount: &Mount) -> Result<Self, Failure> {
        let host = mount
            .host
            .canonicalize()
            .map_err(trouble("open", &mount.host))?;
        Ok(Self {
            host,
            guest: mount.guest.clone(),
            writable: mount.access == Access::ReadWrite,
        })
    }

    pub(crate) fn mount(&self) -> Mount {
        Mount {
            host: self.host.clone(),
            guest: self.guest.clone(),
            access: if self.writable {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            },
        }
    }
}

/// One sandbox, and what it is doing.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) record: Record,
    pub(crate) bytes: u64,
    /// The process that uses it.
    pub(crate) user: Option<u32>,
}

/// A sandbox that this process alone uses, until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) id: String,
    folder: PathBuf,
    _lock: File,
}

impl Shelf {
    pub(crate) fn open() -> Result<Self, Failure> {
        let folder = State::open(None)?.local();
        make(&folder).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(trouble("make the folder", &folder)(error)),
        })?;
        Ok(Self { folder })
    }

    /// A place for a new sandbox. It is not there for others before
    /// [`Taken::settle`].
    pub(crate) fn place(&self, id: SandboxId) -> Result<Taken, Failure> {
        let folder = self.folder.join(format!(".{id}"));
        make(&folder).map_err(trouble("make the folder", &folder))?;
        let lock = lock(&folder)?.ok_or_else(|| Failure::own("a new sandbox is in use"))?;
        Ok(Taken {
            id: id.to_string(),
            folder,
            _lock: lock,
        })
    }

    /// Takes a sandbox for this process.
    pub(crate) fn take(&self, name: &str) -> Result<Taken, Failure> {
        let id = self.find(name)?;
        let folder = self.folder.join(&id);
        match lock(&folder)? {
            Some(lock) if folder.is_dir() => {
                remove_halves(&folder);
                Ok(Taken {
                    id,
                    folder,
                    _lock: lock,
                })
            }
            // Somebody removed it meanwhile.
            Some(_) => Err(missing(name)),
            None => {
                let user =
                    user(&folder).map_or_else(String::new, |pid| format!(" by process {pid}"));
                Err(Failure::own(format!("sandbox {id} is in use{user}"))
                    .hint(format!("`sandcell sandbox pause {id}` ends that")))
            }
        }
    }

    /// Removes a sandbox that nobody uses.
    pub(crate) fn remove(&self, name: &str) -> Result<String, Failure> {
        let taken = self.take(name)?;
        // Under another name first: half a sandbox is never found.
        let gone = self.folder.join(format!(".{}", taken.id));
        fs::rename(&taken.folder, &gone).map_err(trouble("remove", &taken.folder))?;
        fs::remove_dir_all(&gone).map_err(trouble("remove", &gone))?;
        Ok(taken.id)
    }

    /// All sandboxes, the oldest first. What another command leaves half is not
    /// among them.
    pub(crate) fn list(&self) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        for id in self.ids()? {
            let folder = self.folder.join(&id);
            // It may be removed while we look.
            let Ok(record) = read(&folder) else { continue };
            let bytes = state_file(&folder).metadata().map_or(0, |file| file.len());
            entries.push(Entry {
                user: user(&folder),
                id,
                record,
                bytes,
            });
        }
        entries.sort_by(|a, b| (a.record.created, &a.id).cmp(&(b.record.created, &b.id)));
        Ok(entries)
    }

    /// Asks the process that uses a sandbox to put it back, and waits for that.
    pub(crate) fn ask_back(&self, name: &str) -> Result<(), Failure> {
        let id = self.find(name)?;
        let folder = self.folder.join(&id);
        let Some(pid) = user(&folder).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        else {
            return Ok(());
        };
        // It holds the lock, so the number is its own and not another's.
        match rustix::process::kill_process(pid, Signal::TERM) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                return Err(Failure::own(format!(
                    "cannot ask process {}: {error}",
                    pid.as_raw_nonzero()
                )));
            }
        }
        let path = lock_file(&folder);
        let file = File::open(&path).map_err(trouble("open", &path))?;
        flock(&file, FlockOperation::LockShared)
            .map_err(|error| trouble("lock", &path)(error.into()))
    }

    /// The one sandbox whose id begins with `name`.
    fn find(&self, name: &str) -> Result<String, Failure> {
        let mut found = self.ids()?;
        found.retain(|id| id.starts_with(name));
        match found.as_slice() {
            [id] if name.len() >= SHORTEST => Ok(id.clone()),
            [] => Err(missing(name)),
            _ if name.len() < SHORTEST => Err(Failure::usage(format!(
                "`{name}` is too short to name a sandbox: {SHORTEST} characters do"
            ))),
            more => Err(Failure::usage(format!(
                "{} sandboxes begin with `{name}`",
                more.len()
            ))),
        }
    }

    fn ids(&self) -> Result<Vec<String>, Failure> {
        let listed = fs::read_dir(&self.folder).map_err(trouble("list", &self.folder))?;
        let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names
            .filter(|name| SandboxId::parse(name).is_some())
            .collect())
    }
}

impl Taken {
    /// The file of its state.
    pub(crate) fn state(&self) -> PathBuf {
        state_file(&self.folder)
    }

    pub(crate) fn record(&self) -> Result<Record, Failure> {
        read(&self.folder).map_err(trouble("read", &self.folder.join("record.json")))
    }

    /// Shows a new sandbox, whose state was written, to everybody.
    pub(crate) fn settle(self, record: &Record) -> Result<String, Failure> {
        let path = self.folder.join("record.json");
        let text = serde_json::to_vec(record).map_err(|error| Failure::own(error.to_string()))?;
        private(&path)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .map_err(trouble("write", &path))?;
        let shown = self.folder.with_file_name(&self.id);
        fs::rename(&self.folder, &shown).map_err(trouble("make", &shown))?;
        Ok(self.id)
    }

    /// Takes back what [`Shelf::place`] made.
    pub(crate) fn discard(self) {
        // What stays has no name that is looked for.
        let _left = fs::remove_dir_all(&self.folder);
    }
}

fn missing(name: &str) -> Failure {
    Failure::usage(format!("there is no sandbox `{name}`"))
        .hint("`sandcell sandbox list` shows those that are there")
}

fn state_file(folder: &Path) -> PathBuf {
    folder.join("state")
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Removes what killed processes left of states that they were writing.
fn remove_halves(folder: &Path) {
    let Ok(listed) = fs::read_dir(folder) else {
        return;
    };
    for entry in listed.flatten() {
        if entry.file_name().as_encoded_bytes().ends_with(b".new") {
            // The next who takes the sandbox tries again.
            let _left = fs::remove_file(entry.path());
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)
}

/// Takes a sandbox's lock and notes who has it; `None` when another process has.
fn lock(folder: &Path) -> Result<Option<File>, Failure> {
    let path = lock_file(folder);
    let mut file = private(&path).map_err(trouble("open", &path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(trouble("lock", &path)(error.into())),
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(trouble("write", &path))?;
    Ok(Some(file))
}

/// The process that has a sandbox's lock. A number that a dead one left behind is
/// not answered: nobody holds the lock then.
fn user(folder: &Path) -> Option<u32> {
    let mut file = File::open(lock_file(folder)).ok()?;
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    let mut text = String::new();
    (&mut file).take(20).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

fn read(folder: &Path) -> io::Result<Record> {
    let file = File::open(folder.join("record.json"))?;
    serde_json::from_reader(file.take(RECORD_BYTES)).map_err(io::Error::other)
}

fn trouble(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let said = format!("cannot {what} {}", path.display());
    move |error| Failure::own(format!("{said}: {error}"))
}

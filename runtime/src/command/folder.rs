//! The folder of programs, `/usr/bin`: a file for each, so that listing it,
//! looking for a name and calling by path work as they do elsewhere.

use std::sync::Arc;

use crate::command::Programs;
use crate::files::{Backing, BackingEntry, FileError, Kind, NodeId, Stat};

/// Where programs are.
pub(crate) const PROGRAM_PATH: &str = "/usr/bin";

/// What the folder says it is, whatever programs it has.
const IDENTITY: &str = "programs";

/// The number of the folder itself; the files follow in the order of names.
const ROOT: u64 = 1;

/// Cookies of listings start here.
const FIRST_COOKIE: u64 = 2;

/// The folder of programs.
#[derive(Debug)]
pub(crate) struct ProgramFolder {
    names: Vec<Arc<str>>,
}

/// Whether a mount is the folder of programs.
pub(super) fn is_program_folder(backing: &dyn Backing) -> bool {
    backing.identity() == IDENTITY
}

impl ProgramFolder {
    pub(crate) fn new(programs: &Programs) -> Self {
        Self {
            names: programs.names().map(Arc::from).collect(),
        }
    }

    /// The name of the program whose file has this number.
    pub(super) fn name_of(programs: &Programs, inode: u64) -> Option<&str> {
        let at = usize::try_from(inode.checked_sub(ROOT + 1)?).ok()?;
        programs.names().nth(at)
    }

    fn name(&self, inode: u64) -> Result<&Arc<str>, FileError> {
        let at = inode.checked_sub(ROOT + 1).ok_or(FileError::Stale)?;
        let at = usize::try_from(at).map_err(|_| FileError::Stale)?;
        self.names.get(at).ok_or(FileError::Stale)
    }

    /// A copy of the file runs the program, too.
    fn text(&self, inode: u64) -> Result<String, FileError> {
        Ok(format!("#!{PROGRAM_PATH}/{}\n", self.name(inode)?))
    }
}

impl Backing for ProgramFolder {
    fn root(&self) -> u64 {
        ROOT
    }

    fn lookup(&self, directory: u64, name: &str) -> Result<(u64, Kind), FileError> {
        if directory != ROOT {
            return Err(FileError::NotADirectory);
        }
        let at = self.names.binary_search_by(|known| (**known).cmp(name));
        let at = at.map_err(|_| FileError::NotFound)?;
        Ok((at as u64 + ROOT + 1, Kind::File))
    }

    fn parent(&self, _directory: u64) -> Result<u64, FileError> {
        Ok(ROOT)
    }

    fn identity(&self) -> String {
        IDENTITY.to_owned()
    }

    fn path_of(&self, inode: u64) -> Option<String> {
        if inode == ROOT {
            return Some(String::new());
        }
        self.name(inode).ok().map(|name| name.to_string())
    }

    fn stat(&self, inode: u64) -> Result<Stat, FileError> {
        let (kind, size, mode, links) = if inode == ROOT {
            (Kind::Directory, 0, 0o755, 2)
        } else {
            (Kind::File, self.text(inode)?.len() as u64, 0o755, 1)
        };
        Ok(Stat {
            id: NodeId { mount: 0, inode },
            kind,
            size,
            mode,
            owner: 0,
            group: 0,
            links,
            accessed_ns: 0,
            modified_ns: 0,
            changed_ns: 0,
        })
    }

    fn read_link(&self, _inode: u64) -> Result<Arc<str>, FileError> {
        Err(FileError::Invalid)
    }

    fn read(&self, inode: u64, offset: u64, into: &mut [u8]) -> Result<usize, FileError> {
        if inode == ROOT {
            return Err(FileError::IsADirectory);
        }
        let text = self.text(inode)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn entry_from(&self, directory: u64, from: u64) -> Result<Option<BackingEntry>, FileError> {
        if directory != ROOT {
            return Err(FileError::NotADirectory);
        }
        let at = usize::try_from(from.saturating_sub(FIRST_COOKIE)).unwrap_or(usize::MAX);
        Ok(self.names.get(at).map(|name| BackingEntry {
            name: Arc::clone(name),
            inode: at as u64 + ROOT + 1,
            kind: Kind::File,
            cookie: at as u64 + FIRST_COOKIE,
        }))
    }
}

//! Numbers for the files of a mounted folder, which knows only names.
//!
//! A number stands for a name in a directory and for the file that the host had
//! there. When the host has another file there, the number is gone and another
//! one is given; numbers never come back.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::look::OpenFile;
use crate::files::error::FileError;
use crate::files::quota::{NAME_BYTES, PATH_BYTES};

/// The number of the folder itself.
pub(super) const ROOT: u64 = 1;

/// Numbers that are kept. When there are more, those that nobody holds go.
const KNOWN: usize = 200_000;

/// Device and inode number on the host.
pub(super) type HostId = (u64, u64);

#[derive(Debug)]
pub(super) struct Numbers {
    next: u64,
    known: HashMap<u64, Known>,
    places: HashMap<(u64, Arc<str>), u64>,
}

#[derive(Debug)]
struct Known {
    /// The directory and the name; none when it was removed or replaced.
    place: Option<(u64, Arc<str>)>,
    host: HostId,
    held: Weak<OpenFile>,
}

impl Numbers {
    pub(super) fn new(root: HostId) -> Self {
        let known = Known {
            place: None,
            host: root,
            held: Weak::new(),
        };
        Self {
            next: ROOT + 1,
            known: HashMap::from([(ROOT, known)]),
            places: HashMap::new(),
        }
    }

    fn get(&self, number: u64) -> Result<&Known, FileError> {
        self.known.get(&number).ok_or(FileError::Stale)
    }

    /// The file that the host had there.
    pub(super) fn host(&self, number: u64) -> Result<HostId, FileError> {
        Ok(self.get(number)?.host)
    }

    pub(super) fn parent(&self, number: u64) -> Result<u64, FileError> {
        if number == ROOT {
            return Ok(ROOT);
        }
        let place = self.get(number)?.place.as_ref();
        place.map(|(above, _)| *above).ok_or(FileError::NotFound)
    }

    /// The path from the folder to a file, `.` for itself.
    pub(super) fn path(&self, number: u64) -> Result<PathBuf, FileError> {
        if number == ROOT {
            return Ok(PathBuf::from("."));
        }
        let mut names: Vec<&str> = Vec::new();
        let mut length = 0;
        let mut at = number;
        while at != ROOT {
            let place = self.get(at)?.place.as_ref();
            let (above, name) = place.ok_or(FileError::NotFound)?;
            length += name.len() + 1;
            if length > PATH_BYTES {
                return Err(FileError::PathTooLong {
                    length,
                    limit: PATH_BYTES,
                });
            }
            names.push(name);
            at = *above;
        }
        Ok(names.into_iter().rev().collect())
    }

    /// The number for what the host has under a name now.
    pub(super) fn number(
        &mut self,
        directory: u64,
        name: &str,
        host: HostId,
    ) -> Result<u64, FileError> {
        self.get(directory)?;
        let name: Arc<str> = Arc::from(name);
        let place = (directory, Arc::clone(&name));
        if let Some(number) = self.places.get(&place).copied() {
            if self.get(number)?.host == host {
                return Ok(number);
            }
            self.forget_place(&place);
        }
        if self.known.len() >= KNOWN {
            self.sweep(directory);
        }
        if self.known.len() >= KNOWN {
            return Err(FileError::TooManyEntries {
                limit: KNOWN as u64,
            });
        }
        let number = self.next;
        self.next += 1;
        self.places.insert(place.clone(), number);
        let known = Known {
            place: Some(place),
            host,
            held: Weak::new(),
        };
        self.known.insert(number, known);
        Ok(number)
    }

    fn forget_place(&mut self, place: &(u64, Arc<str>)) {
        if let Some(number) = self.places.remove(place)
            && let Some(known) = self.known.get_mut(&number)
        {
            known.place = None;
        }
    }

    /// A name is gone.
    pub(super) fn removed(&mut self, directory: u64, name: &str) {
        self.forget_place(&(directory, Arc::from(name)));
    }

    /// A name became another one.
    pub(super) fn moved(&mut self, from: (u64, &str), to: (u64, &str)) {
        let from = (from.0, Arc::from(from.1));
        let to = (to.0, Arc::from(to.1));
        if from == to {
            return;
        }
        self.forget_place(&to);
        if let Some(number) = self.places.remove(&from) {
            if let Some(known) = self.known.get_mut(&number) {
                known.place = Some(to.clone());
            }
            self.places.insert(to, number);
        }
    }

    /// What is open under a number.
    pub(super) fn held(&self, number: u64) -> Result<Option<Arc<OpenFile>>, FileError> {
        Ok(self.get(number)?.held.upgrade())
    }

    pub(super) fn set_held(&mut self, number: u64, held: &Arc<OpenFile>) {
        if let Some(known) = self.known.get_mut(&number) {
            known.held = Arc::downgrade(held);
        }
    }

    /// Forget the numbers that nobody holds, and that lead to nothing held.
    fn sweep(&mut self, directory: u64) {
        let held = self
            .known
            .iter()
            .filter(|(_, known)| known.held.strong_count() > 0);
        let mut todo: Vec<u64> = held.map(|(number, _)| *number).collect();
        todo.extend([ROOT, directory]);
        let mut kept = HashSet::new();
        while let Some(number) = todo.pop() {
            if kept.insert(number)
                && let Some(Known {
                    place: Some((above, _)),
                    ..
                }) = self.known.get(&number)
            {
                todo.push(*above);
            }
        }
        self.known.retain(|number, _| kept.contains(number));
        self.places.retain(|_, number| kept.contains(number));
    }
}

/// Refuse what is no name of an entry.
pub(super) fn check_name(name: &str) -> Result<(), FileError> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(FileError::InvalidName);
    }
    if name.len() > NAME_BYTES {
        return Err(FileError::NameTooLong {
            length: name.len(),
            limit: NAME_BYTES,
        });
    }
    Ok(())
}

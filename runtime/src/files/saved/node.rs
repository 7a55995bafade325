//! One node out of bytes.

use std::sync::Arc;

use super::error::SavedError;
use super::save::device_of;
use super::source::Source;
use super::{NUMBERS, flag, kind};
use crate::files::contents::{Contents, Residence};
use crate::files::directory::{Directory, FIRST_COOKIE, Listed};
use crate::files::node::{Attributes, Body, Home, Node, NodeId, Notes, notes_bytes};
use crate::files::quota::{FileLimits, FileUsage, HARD_LINKS, NAME_BYTES, PATH_BYTES};
use crate::files::spill::{CHUNK_BYTES, Storage};

/// What nodes are read against: the bounds, and what those before it took.
#[derive(Debug)]
pub(super) struct Room<'a> {
    pub(super) limits: &'a FileLimits,
    pub(super) storage: &'a Storage,
    pub(super) used: FileUsage,
    /// The number that the next new file would get.
    pub(super) next_inode: u64,
}

impl Room<'_> {
    fn bytes_left(&self) -> u64 {
        self.limits.bytes.saturating_sub(self.used.bytes)
    }

    fn residence(&self) -> Residence<'_> {
        let resident = self.used.resident_bytes;
        Residence {
            storage: self.storage,
            chunks: self.limits.resident_file_bytes.div_ceil(CHUNK_BYTES as u64),
            bytes: self.limits.resident_bytes.saturating_sub(resident),
        }
    }
}

/// Read the node after the number that was read already.
pub(super) fn load_node(
    source: &mut Source<'_>,
    inode: u64,
    room: &mut Room<'_>,
) -> Result<Node, SavedError> {
    source.part("node", inode);
    let code = source.u8()?;
    let flags = source.u8()?;
    if flags & !flag::ALL != 0 {
        return Err(source.wrong("it has unknown flags"));
    }
    let attributes = Attributes {
        mode: source.u32()?,
        owner: source.u32()?,
        group: source.u32()?,
    };
    if attributes.mode & !0o7777 != 0 {
        return Err(source.wrong("its mode has unknown bits"));
    }
    let links = source.u32()?;
    if links > HARD_LINKS {
        return Err(source.wrong("it has too many names"));
    }
    let (accessed_ns, modified_ns, changed_ns) = (source.u64()?, source.u64()?, source.u64()?);
    let home = load_home(source, inode, room.next_inode)?;
    let notes = if flags & flag::NOTES == 0 {
        None
    } else {
        Some(Arc::new(load_notes(source, room.bytes_left())?))
    };
    room.used.bytes += notes.as_deref().map_or(0, notes_bytes);
    let body = load_body(source, code, room)?;
    room.used.bytes += body_bytes(&body);
    SavedError::check("bytes of contents", room.used.bytes, room.limits.bytes)?;
    if let Body::File(contents) = &body {
        room.used.resident_bytes += contents.resident();
    }
    Ok(Node {
        body,
        attributes,
        links,
        sealed: flags & flag::SEALED != 0,
        accessed_ns,
        modified_ns,
        changed_ns,
        home,
        notes,
    })
}

fn body_bytes(body: &Body) -> u64 {
    match body {
        Body::File(contents) => contents.allocated(),
        Body::SymbolicLink(target) => target.len() as u64,
        Body::Directory(_) | Body::Device(_) => 0,
    }
}

/// Where it was last put. Of a file that may be gone, so it need not be true;
/// for directories it is compared with where they are listed.
fn load_home(source: &mut Source<'_>, inode: u64, next_inode: u64) -> Result<Home, SavedError> {
    let directory = source.u64()?;
    let name = source.text(NAME_BYTES)?;
    let root = NodeId::ROOT.inode();
    if directory == 0 || directory >= next_inode {
        return Err(source.wrong("it was never in such a directory"));
    }
    if (inode == root) != name.is_empty() || (inode == root && directory != root) {
        return Err(source.wrong("its name is not one for it"));
    }
    if inode != root && !is_name(&name) {
        return Err(source.wrong("its name is not valid"));
    }
    Ok(Home {
        directory,
        name: Arc::from(name),
    })
}

/// Whether an entry can be called so.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

fn load_notes(source: &mut Source<'_>, room: u64) -> Result<Notes, SavedError> {
    let count = source.u32()?;
    if count == 0 {
        return Err(source.wrong("it has an empty set of notes"));
    }
    let mut notes = Notes::new();
    let mut bytes = 0;
    for _ in 0..count {
        let name = source.long_text(room - bytes)?;
        bytes += name.len() as u64;
        let value = source.long_text(room - bytes)?;
        bytes += value.len() as u64;
        if notes
            .last_key_value()
            .is_some_and(|(last, _)| *last >= name)
        {
            return Err(source.wrong("its notes are not in order"));
        }
        notes.insert(name, value);
    }
    Ok(notes)
}

fn load_body(source: &mut Source<'_>, code: u8, room: &mut Room<'_>) -> Result<Body, SavedError> {
    match code {
        kind::FILE => {
            let size = room.limits.file_bytes;
            let left = room.bytes_left();
            Contents::load(source, size, left, room.residence()).map(Body::File)
        }
        kind::DIRECTORY => load_directory(source, room).map(Body::Directory),
        kind::LINK => {
            let target = source.text(PATH_BYTES)?;
            if target.is_empty() || target.contains('\0') {
                return Err(source.wrong("its target is not valid"));
            }
            Ok(Body::SymbolicLink(Arc::from(target)))
        }
        kind::DEVICE => {
            let code = source.u8()?;
            device_of(code)
                .map(Body::Device)
                .ok_or_else(|| source.wrong("it is an unknown device"))
        }
        _ => Err(source.wrong("it is of an unknown kind")),
    }
}

fn load_directory(source: &mut Source<'_>, room: &mut Room<'_>) -> Result<Directory, SavedError> {
    let next_cookie = source.u64()?;
    if !(FIRST_COOKIE..=NUMBERS).contains(&next_cookie) {
        return Err(source.wrong("its next cookie is not one for an entry"));
    }
    let count = source.u64()?;
    let entries = room.used.entries.saturating_add(count);
    SavedError::check("entries", entries, room.limits.entries)?;
    room.used.entries = entries;
    let mut directory = Directory::empty_from(next_cookie);
    let mut last: Option<Arc<str>> = None;
    for _ in 0..count {
        let (inode, cookie) = (source.u64()?, source.u64()?);
        let name: Arc<str> = Arc::from(source.text(NAME_BYTES)?);
        if !is_name(&name) {
            return Err(source.wrong("an entry has a name that is not valid"));
        }
        if last.is_some_and(|last| last >= name) {
            return Err(source.wrong("its names are not in order, or one is there twice"));
        }
        if !(FIRST_COOKIE..next_cookie).contains(&cookie) {
            return Err(source.wrong("an entry has a cookie that was never given"));
        }
        last = Some(Arc::clone(&name));
        let listed = Listed {
            name,
            inode,
            cookie,
        };
        if !directory.push(listed) {
            return Err(source.wrong("two entries have one cookie"));
        }
    }
    Ok(directory)
}

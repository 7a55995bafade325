//! Opening files and directories.

use crate::files::{Follow, Kind, Last, NodeId};
use crate::stream::Offset;

use super::abi::{Errno, oflags, rights};
use super::attributes::known_fdflags;
use super::call::Call;
use super::descriptors::{Descriptor, Descriptors, OpenDirectory, OpenFile};
use super::memory;
use super::path::follow;

/// How something is to be opened.
#[derive(Debug, Clone, Copy)]
struct Opening {
    oflags: u32,
    read: bool,
    write: bool,
    fdflags: u16,
}

impl Opening {
    const fn asks(self, flag: u32) -> bool {
        self.oflags & flag != 0
    }

    /// Whether opening may or will change the file.
    const fn changes(self) -> bool {
        self.write || self.asks(oflags::TRUNC)
    }
}

impl Descriptors {
    /// Open the file or directory at a path, or make a file; the lowest free
    /// descriptor goes to `opened`. Nothing is made or cut when it fails.
    ///
    /// Open for reading unless only the right to write is asked for.
    ///
    /// # Errors
    /// `ENOENT`, `EEXIST`, `EISDIR` for a directory to be written, `ENOTDIR`,
    /// `ELOOP` for a link not to be followed, `EMFILE`, `EROFS`, `EACCES`,
    /// `ENOSPC`, `EINVAL` for unknown or contradictory flags, and what every path
    /// meets, see [`Descriptors::path_create_directory`].
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn path_open(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        dirflags: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        _inheriting: u64,
        fdflags: u32,
        opened: u32,
    ) -> Result<(), Errno> {
        let start = self.directory(fd)?;
        let follow = follow(dirflags)?;
        let write = base & rights::FD_WRITE != 0;
        let opening = Opening {
            oflags,
            read: !write || base & rights::FD_READ != 0,
            write,
            fdflags: known_fdflags(fdflags)?,
        };
        check_flags(opening)?;
        let number = self.free_number()?;
        memory::check(call.memory, opened, 4)?;
        let descriptor = open(call, start, follow, (path, path_len), opening)?;
        self.put(number, descriptor);
        memory::put_u32(call.memory, opened, number)
    }
}

fn check_flags(opening: Opening) -> Result<(), Errno> {
    const FOR_FILES: u32 = oflags::CREAT | oflags::EXCL | oflags::TRUNC;
    if opening.oflags & !oflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    if opening.asks(oflags::DIRECTORY) && opening.asks(FOR_FILES) {
        return Err(Errno::Inval);
    }
    Ok(())
}

fn open(
    call: &mut Call<'_>,
    start: NodeId,
    follow: Follow,
    (path, path_len): (u32, u32),
    opening: Opening,
) -> Result<Descriptor, Errno> {
    let path = memory::relative_path(call.memory, path, path_len)?;
    let exclusive = opening.asks(oflags::CREAT) && opening.asks(oflags::EXCL);
    let follow = if exclusive { Follow::Never } else { follow };
    let walked = call.tree.walk(start, path, follow)?;
    let now_ns = call.now.realtime_ns;
    let Some((node, kind)) = walked.found else {
        if !opening.asks(oflags::CREAT) {
            return Err(Errno::Noent);
        }
        let Last::Name(name) = &walked.last else {
            return Err(Errno::Isdir);
        };
        if walked.slash {
            return Err(Errno::Isdir);
        }
        let name = name.as_str();
        let node = call.tree.make_file_in(walked.directory, name, now_ns)?;
        return hold(call, node, Kind::File, opening);
    };
    if exclusive {
        return Err(Errno::Exist);
    }
    match kind {
        Kind::SymbolicLink if opening.asks(oflags::DIRECTORY) => return Err(Errno::Notdir),
        Kind::SymbolicLink => return Err(Errno::Loop),
        Kind::Directory if opening.changes() || opening.asks(oflags::CREAT) => {
            return Err(Errno::Isdir);
        }
        Kind::Directory => {}
        Kind::Other => return Err(Errno::Acces),
        Kind::File | Kind::Device(_) => {
            if walked.slash || opening.asks(oflags::DIRECTORY) {
                return Err(Errno::Notdir);
            }
            if opening.changes() {
                call.tree.check_write(node, 0, 0)?;
            }
        }
    }
    if kind == Kind::File && opening.asks(oflags::TRUNC) {
        call.tree.set_size_of(node, 0, now_ns)?;
    }
    hold(call, node, kind, opening)
}

/// Hold a file in the tree and make the descriptor for it.
fn hold(
    call: &mut Call<'_>,
    node: NodeId,
    kind: Kind,
    opening: Opening,
) -> Result<Descriptor, Errno> {
    // The root is always there, and the preopened descriptor does not count it.
    if node != NodeId::ROOT {
        call.tree.pin(node)?;
    }
    Ok(match kind {
        Kind::Directory => Descriptor::Directory(OpenDirectory {
            node,
            flags: opening.fdflags,
            listing_end: 0,
            preopened: false,
        }),
        Kind::File | Kind::SymbolicLink | Kind::Device(_) | Kind::Other => {
            Descriptor::File(OpenFile {
                node,
                offset: Offset::default(),
                read: opening.read,
                write: opening.write,
                flags: opening.fdflags,
                device: match kind {
                    Kind::Device(device) => Some(device),
                    _ => None,
                },
            })
        }
    })
}

//! Tests of the calls, made as a guest makes them: through its memory.

use crate::files::{FileLimits, Standard, Storage, Tree};

use super::abi::Errno;
use super::call::{Call, Effect, Now};
use super::descriptors::Descriptors;

mod attributes;
mod descriptors;
mod directory;
mod errno;
mod io;
mod memory;
mod open;
mod path;
mod poll;
mod saved;
mod streams;

const NOW: Now = Now {
    realtime_ns: 1_700_000_000_000_000_000,
    monotonic_ns: 5_000_000_000,
};

/// Places in the memory of the guest.
const PATH: u32 = 0x100;
const OTHER_PATH: u32 = 0x2000;
const OUT: u32 = 0x4000;
const VECTORS: u32 = 0x5000;
const DATA: u32 = 0x1_0000;
const MEMORY: usize = 0x40_0000;

const ROOT: u32 = 3;
const FOLLOW: u32 = 1;
const CREAT: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCL: u32 = 4;
const TRUNC: u32 = 8;
const APPEND: u32 = 1;
const READ: u64 = 2;
const WRITE: u64 = 64;

/// A guest with files.
struct World {
    memory: Vec<u8>,
    tree: Tree,
    descriptors: Descriptors,
    now: Now,
}

impl World {
    /// A guest over a tree laid out by lines: `name/` is a directory,
    /// `name -> target` a link, else a file that holds its own path.
    fn new(lines: &[&str]) -> Self {
        Self::with(lines, FileLimits::default())
    }

    fn with(lines: &[&str], limits: FileLimits) -> Self {
        let storage = Storage::new(std::env::temp_dir());
        let mut tree = Tree::new(limits, storage, NOW.realtime_ns);
        for line in lines {
            if let Some((path, target)) = line.split_once(" -> ") {
                tree.symlink(target, path, NOW.realtime_ns).unwrap();
            } else if line.ends_with('/') {
                tree.make_dirs(line, NOW.realtime_ns).unwrap();
            } else {
                tree.write(line, line.as_bytes(), NOW.realtime_ns).unwrap();
            }
        }
        Self::over(tree)
    }

    fn standard() -> Self {
        let storage = Storage::new(std::env::temp_dir());
        let tree = Tree::standard(
            &Standard::default(),
            FileLimits::default(),
            storage,
            NOW.realtime_ns,
        );
        Self::over(tree.unwrap())
    }

    fn over(tree: Tree) -> Self {
        Self {
            memory: vec![0; MEMORY],
            tree,
            descriptors: Descriptors::new(64),
            now: NOW,
        }
    }

    fn call<R>(&mut self, body: impl FnOnce(&mut Descriptors, &mut Call<'_>) -> R) -> R {
        let mut call = Call {
            memory: &mut self.memory,
            tree: &mut self.tree,
            now: self.now,
        };
        body(&mut self.descriptors, &mut call)
    }

    fn put(&mut self, address: u32, bytes: &[u8]) -> u32 {
        let start = address as usize;
        self.memory[start..start + bytes.len()].copy_from_slice(bytes);
        u32::try_from(bytes.len()).unwrap()
    }

    fn bytes(&self, address: u32, length: usize) -> &[u8] {
        &self.memory[address as usize..address as usize + length]
    }

    fn u32_at(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().unwrap())
    }

    fn u64_at(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }

    /// Puts a table of one buffer after the other, filled from DATA on.
    fn vectors(&mut self, lengths: &[u32]) -> u32 {
        let mut table = Vec::new();
        let mut at = DATA;
        for length in lengths {
            table.extend(at.to_le_bytes());
            table.extend(length.to_le_bytes());
            at += length;
        }
        self.put(VECTORS, &table);
        u32::try_from(lengths.len()).unwrap()
    }

    fn open_at(
        &mut self,
        fd: u32,
        dirflags: u32,
        path: &str,
        oflags: u32,
        rights: u64,
        fdflags: u32,
    ) -> Result<u32, Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_open(
                call, fd, dirflags, PATH, length, oflags, rights, 0, fdflags, OUT,
            )
        })?;
        Ok(self.u32_at(OUT))
    }

    fn open(&mut self, path: &str, oflags: u32, rights: u64) -> Result<u32, Errno> {
        self.open_at(ROOT, FOLLOW, path, oflags, rights, 0)
    }

    fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.call(|descriptors, call| descriptors.fd_close(call, fd))
    }

    fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<usize, Errno> {
        let length = self.put(DATA, bytes);
        let count = self.vectors(&[length]);
        let effect =
            self.call(|descriptors, call| descriptors.fd_write(call, fd, VECTORS, count, OUT))?;
        assert!(matches!(effect, Effect::Done));
        Ok(self.u32_at(OUT) as usize)
    }

    fn read(&mut self, fd: u32, length: u32) -> Result<Vec<u8>, Errno> {
        let count = self.vectors(&[length]);
        let effect =
            self.call(|descriptors, call| descriptors.fd_read(call, fd, VECTORS, count, OUT))?;
        assert!(matches!(effect, Effect::Done));
        Ok(self.bytes(DATA, self.u32_at(OUT) as usize).to_vec())
    }

    fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        self.call(|descriptors, call| descriptors.fd_seek(call, fd, offset, whence, OUT))?;
        Ok(self.u64_at(OUT))
    }

    fn tell(&mut self, fd: u32) -> Result<u64, Errno> {
        self.call(|descriptors, call| descriptors.fd_tell(call, fd, OUT))?;
        Ok(self.u64_at(OUT))
    }

    /// Type, links, size and time of change of what a path leads to.
    fn stat_at(&mut self, fd: u32, flags: u32, path: &str) -> Result<(u8, u64, u64, u64), Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_filestat_get(call, fd, flags, PATH, length, OUT)
        })?;
        Ok((
            self.bytes(OUT + 16, 1)[0],
            self.u64_at(OUT + 24),
            self.u64_at(OUT + 32),
            self.u64_at(OUT + 48),
        ))
    }

    fn stat(&mut self, path: &str) -> Result<(u8, u64, u64, u64), Errno> {
        self.stat_at(ROOT, FOLLOW, path)
    }

    fn make_directory(&mut self, path: &str) -> Result<(), Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| descriptors.path_create_directory(call, ROOT, PATH, length))
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| descriptors.path_remove_directory(call, ROOT, PATH, length))
    }

    fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| descriptors.path_unlink_file(call, ROOT, PATH, length))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let old = self.put(PATH, from.as_bytes());
        let new = self.put(OTHER_PATH, to.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_rename(call, ROOT, PATH, old, ROOT, OTHER_PATH, new)
        })
    }

    fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let old = self.put(PATH, target.as_bytes());
        let new = self.put(OTHER_PATH, path.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_symlink(call, PATH, old, ROOT, OTHER_PATH, new)
        })
    }

    fn link(&mut self, flags: u32, from: &str, to: &str) -> Result<(), Errno> {
        let old = self.put(PATH, from.as_bytes());
        let new = self.put(OTHER_PATH, to.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_link(call, ROOT, flags, PATH, old, ROOT, OTHER_PATH, new)
        })
    }

    fn read_link(&mut self, path: &str, room: u32) -> Result<Vec<u8>, Errno> {
        let length = self.put(PATH, path.as_bytes());
        self.call(|descriptors, call| {
            descriptors.path_readlink(call, ROOT, PATH, length, DATA, room, OUT)
        })?;
        Ok(self.bytes(DATA, self.u32_at(OUT) as usize).to_vec())
    }

    /// Type, flags, rights and inherited rights of a descriptor.
    fn fdstat(&mut self, fd: u32) -> Result<(u8, u16, u64, u64), Errno> {
        self.call(|descriptors, call| descriptors.fd_fdstat_get(call, fd, OUT))?;
        let flags = u16::from_le_bytes(self.bytes(OUT + 2, 2).try_into().unwrap());
        Ok((
            self.bytes(OUT, 1)[0],
            flags,
            self.u64_at(OUT + 8),
            self.u64_at(OUT + 16),
        ))
    }
}

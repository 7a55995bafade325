//! The layout that every sandbox starts with.

use std::fmt::Write as _;

use super::error::FileError;
use super::node::{Attributes, Body, Device, NodeId};
use super::quota::FileLimits;
use super::spill::Storage;
use super::tree::Tree;
use super::walk::Follow;

/// Where the boot id is read by guests, and renewed by the host with
/// [`Tree::publish`] after a fork.
pub const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

/// Where the read-only library of a guest is mounted.
pub const LIBRARY_PATH: &str = "/usr/lib";

/// What differs between the standard layouts of two sandboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// The name in `/etc/hostname`. Default: `sandcell`.
    pub hostname: String,
    /// The random number shown at [`BOOT_ID_PATH`]. Default: 0.
    pub boot_id: [u8; 16],
}

impl Default for Standard {
    fn default() -> Self {
        Self {
            hostname: "sandcell".to_owned(),
            boot_id: [0; 16],
        }
    }
}

/// Directories in order of making, with mode; of root.
const DIRECTORIES: &[(&str, u32)] = &[
    ("/dev", 0o755),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/home/user", 0o755),
    ("/proc", 0o555),
    ("/proc/sys", 0o555),
    ("/proc/sys/kernel", 0o555),
    ("/proc/sys/kernel/random", 0o555),
    ("/root", 0o700),
    ("/tmp", 0o1777),
    ("/usr", 0o755),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/local", 0o755),
    ("/usr/local/bin", 0o755),
];

const LINKS: &[(&str, &str)] = &[("/bin", "usr/bin"), ("/lib", "usr/lib")];

const DEVICES: &[(&str, Device)] = &[
    ("/dev/null", Device::Null),
    ("/dev/random", Device::Random),
    ("/dev/urandom", Device::Random),
    ("/dev/zero", Device::Zero),
];

const FILES: &[(&str, &str)] = &[
    (
        "/etc/os-release",
        "NAME=\"Sandcell\"\nPRETTY_NAME=\"Sandcell\"\nID=sandcell\n",
    ),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n",
    ),
    ("/etc/group", "root:x:0:\nuser:x:1000:\n"),
];

/// What only the host changes.
const SEALED: &[&str] = &[
    BOOT_ID_PATH,
    "/proc/sys/kernel/random",
    "/proc/sys/kernel",
    "/proc/sys",
    "/proc",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/dev",
];

impl Tree {
    /// A tree with the layout that programs expect: `/home/user` (user 1000),
    /// `/tmp`, `/root`, a few files in `/etc`, the devices `null`, `zero`,
    /// `random` and `urandom`, the boot id under `/proc`, and `/usr/lib` for the
    /// library, which is mounted by the caller. Uses fewer than 40 entries and a
    /// kilobyte of the limits.
    ///
    /// # Errors
    /// [`FileError::TooManyEntries`], [`FileError::NoSpace`] or
    /// [`FileError::TooDeep`] when the limits are too small for it.
    pub fn standard(
        standard: &Standard,
        limits: FileLimits,
        storage: Storage,
        now_ns: u64,
    ) -> Result<Self, FileError> {
        let mut tree = Self::new(limits, storage, now_ns);
        for (path, mode) in DIRECTORIES {
            tree.lay_directory(path, Attributes::of_root(*mode), now_ns)?;
        }
        tree.set_owner("/home/user", 1000, 1000, now_ns)?;
        for (path, target) in LINKS {
            tree.symlink(target, path, now_ns)?;
            tree.own_link(path)?;
        }
        for (path, device) in DEVICES {
            tree.lay(path, Body::Device(*device), 0o666, now_ns)?;
        }
        for (path, text) in FILES {
            tree.lay_file(path, text, 0o644, now_ns)?;
        }
        tree.lay_file(
            "/etc/hostname",
            &format!("{}\n", standard.hostname),
            0o644,
            now_ns,
        )?;
        tree.lay_file(BOOT_ID_PATH, &boot_id_text(standard.boot_id), 0o444, now_ns)?;
        for path in SEALED {
            let inode = Self::writable(tree.stat(path)?.id)?;
            tree.node_mut(inode)?.sealed = true;
        }
        Ok(tree)
    }

    /// Make a file of root with contents.
    fn lay_file(
        &mut self,
        path: &str,
        text: &str,
        mode: u32,
        now_ns: u64,
    ) -> Result<(), FileError> {
        let id = self.lay(
            path,
            Body::File(super::contents::Contents::default()),
            mode,
            now_ns,
        )?;
        self.replace_contents(id, text.as_bytes(), now_ns)
    }

    /// Make something of root that is no directory.
    fn lay(&mut self, path: &str, body: Body, mode: u32, now_ns: u64) -> Result<NodeId, FileError> {
        let walked = self.walk(NodeId::ROOT, path, Follow::Never)?;
        let name = walked.new_name()?;
        self.make(
            walked.directory,
            name,
            body,
            Attributes::of_root(mode),
            now_ns,
        )
    }

    /// Give a link to root.
    fn own_link(&mut self, path: &str) -> Result<(), FileError> {
        let inode = Self::writable(self.stat_link(path)?.id)?;
        self.node_mut(inode)?.attributes = Attributes::of_root(0o777);
        Ok(())
    }
}

/// A random number as the kernel shows its boot id: a version 4 UUID and a
/// line end. What [`BOOT_ID_PATH`] holds.
#[must_use]
pub fn boot_id_text(random: [u8; 16]) -> String {
    let mut text = String::with_capacity(37);
    for (at, byte) in random.into_iter().enumerate() {
        let byte = match at {
            6 => (byte & 0x0f) | 0x40,
            8 => (byte & 0x3f) | 0x80,
            _ => byte,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    text
}

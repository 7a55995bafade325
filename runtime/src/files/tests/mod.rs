//! Tests of the sandbox's files.

use super::error::FileError;
use super::quota::FileLimits;
use super::spill::Storage;
use super::standard::Standard;
use super::tree::Tree;

mod contents;
mod directory;
mod edit;
mod folder;
mod fork;
mod host;
mod hostile;
mod library;
mod model;
mod quota;
mod saved;
mod saved_shape;
mod spill;
mod standard;
mod table;
mod walk;
mod watch;

/// The time of every change in these tests unless time is their subject.
const NOW: u64 = 1_700_000_000_000_000_000;

fn storage() -> Storage {
    Storage::new(std::env::temp_dir())
}

fn tree_with(limits: FileLimits) -> Tree {
    Tree::new(limits, storage(), NOW)
}

fn tree() -> Tree {
    tree_with(FileLimits::default())
}

fn standard() -> Tree {
    Tree::standard(&Standard::default(), FileLimits::default(), storage(), NOW).unwrap()
}

/// Lays out a tree: `name/` is a directory, `name -> target` a link, anything
/// else a file that holds its own path.
fn laid(lines: &[&str]) -> Tree {
    let mut tree = tree();
    for line in lines {
        lay(&mut tree, line);
    }
    tree
}

fn lay(tree: &mut Tree, line: &str) {
    if let Some((path, target)) = line.split_once(" -> ") {
        tree.symlink(target, path, NOW).unwrap();
    } else if line.ends_with('/') {
        tree.make_dirs(line, NOW).unwrap();
    } else {
        tree.write(line, line.as_bytes(), NOW).unwrap();
    }
}

/// What a tree holds, one line for each entry, as [`laid`] takes it but with
/// the contents of files: `path = contents`.
fn shown(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = vec![String::new()];
    while let Some(at) = open.pop() {
        let shown = if at.is_empty() { "/" } else { &at };
        for entry in tree.list(shown).unwrap() {
            let path = format!("{at}/{}", entry.name);
            match entry.kind {
                super::Kind::Directory => {
                    lines.push(format!("{path}/"));
                    open.push(path);
                }
                super::Kind::SymbolicLink => {
                    lines.push(format!("{path} -> {}", tree.read_link(&path).unwrap()));
                }
                super::Kind::File => {
                    let text = String::from_utf8(tree.read(&path).unwrap()).unwrap();
                    lines.push(format!("{path} = {text}"));
                }
                super::Kind::Device(_) | super::Kind::Other => {
                    lines.push(format!("{path} (device)"));
                }
            }
        }
    }
    lines.sort();
    lines
}

/// A small generator of the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn size(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }

    fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.size(from.len())]
    }
}

/// The sums that the tree keeps must be those of what it holds. Only for trees
/// without mounts and without open files that lost their names.
fn check_sums(tree: &Tree) {
    let (mut bytes, mut resident, mut entries) = (0, 0, 0);
    let mut key = 0;
    while let Some((inode, node)) = tree.nodes.first_from(key) {
        key = inode + 1;
        bytes += node.bytes();
        resident += node.resident();
        entries += node
            .directory()
            .map_or(0, |directory| directory.iter().count());
        if let Some(directory) = node.directory() {
            let below = directory
                .iter()
                .filter(|listed| tree.node(listed.inode).unwrap().directory().is_some());
            assert_eq!(below.count(), directory.subdirectories as usize);
        }
    }
    let usage = tree.usage();
    assert_eq!(usage.bytes, bytes, "bytes");
    assert_eq!(usage.resident_bytes, resident, "resident bytes");
    assert_eq!(usage.entries, entries as u64, "entries");
}

/// A result without its value, to compare with an expected error.
fn done<T>(result: Result<T, FileError>) -> Result<(), FileError> {
    result.map(|_| ())
}

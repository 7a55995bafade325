use std::io::ErrorKind;

use super::{NOW, tree_with};
use crate::files::error::{FileError, SpillAction, SpillError};
use crate::files::quota::FileLimits;
use crate::files::spill::{CHUNK_BYTES, Storage};
use crate::files::tree::Tree;

const CHUNK: u64 = CHUNK_BYTES as u64;

/// Limits under which everything of a chunk's size is spilled.
fn on_disk() -> FileLimits {
    FileLimits {
        resident_file_bytes: 0,
        ..FileLimits::default()
    }
}

fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at % 251).unwrap() ^ seed)
        .collect()
}

#[test]
fn nothing_is_made_before_something_spills() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("not-there");
    let mut tree = Tree::new(FileLimits::default(), Storage::new(&missing), NOW);
    tree.write("/small", &bytes(100_000, 1), NOW).unwrap();
    assert_eq!(tree.read("/small").unwrap(), bytes(100_000, 1));
}

#[test]
fn a_missing_directory_is_an_error_and_nothing_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("not-there");
    let mut tree = Tree::new(on_disk(), Storage::new(&missing), NOW);
    let expected = FileError::Spill(SpillError {
        action: SpillAction::Create,
        kind: ErrorKind::NotFound,
    });
    assert_eq!(tree.write("/file", &bytes(1000, 1), NOW), Err(expected));
    assert!(!tree.exists("/file").unwrap());
    assert_eq!(tree.usage(), crate::files::FileUsage::default());
    // What is short stays in memory and still works.
    tree.write("/file", b"short", NOW).unwrap();
    assert_eq!(tree.read("/file").unwrap(), b"short");
}

#[test]
fn the_file_has_no_name() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = Tree::new(on_disk(), Storage::new(directory.path()), NOW);
    tree.write("/file", &bytes(300_000, 1), NOW).unwrap();
    assert_eq!(tree.usage().resident_bytes, 0);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn the_capacity_is_a_full_disk_and_freed_slots_are_used_again() {
    let storage = Storage::with_capacity(std::env::temp_dir(), 4 * CHUNK);
    let mut tree = Tree::new(on_disk(), storage.clone(), NOW);
    tree.write("/three", &bytes(3 * CHUNK_BYTES, 1), NOW)
        .unwrap();
    assert_eq!(storage.used_bytes(), 3 * CHUNK);
    let full = FileError::Spill(SpillError {
        action: SpillAction::Write,
        kind: ErrorKind::StorageFull,
    });
    assert_eq!(
        tree.write("/two", &bytes(2 * CHUNK_BYTES, 2), NOW),
        Err(full.clone())
    );
    assert!(!tree.exists("/two").unwrap());
    assert_eq!(
        storage.used_bytes(),
        3 * CHUNK,
        "slots of the failed write are free"
    );
    // Replacing needs room for both until it is done, and keeps the old on failure.
    assert_eq!(
        tree.write("/three", &bytes(2 * CHUNK_BYTES, 3), NOW),
        Err(full)
    );
    assert_eq!(tree.read("/three").unwrap(), bytes(3 * CHUNK_BYTES, 1));
    tree.remove("/three", NOW).unwrap();
    assert_eq!(storage.used_bytes(), 0);
    tree.write("/four", &bytes(4 * CHUNK_BYTES, 4), NOW)
        .unwrap();
    assert_eq!(tree.read("/four").unwrap(), bytes(4 * CHUNK_BYTES, 4));
}

#[test]
fn copies_share_slots_until_one_writes() {
    let storage = Storage::new(std::env::temp_dir());
    let mut tree = Tree::new(on_disk(), storage.clone(), NOW);
    tree.write("/file", &bytes(8 * CHUNK_BYTES, 1), NOW)
        .unwrap();
    let mut forks: Vec<Tree> = (0..10).map(|_| tree.clone()).collect();
    assert_eq!(storage.used_bytes(), 8 * CHUNK);
    forks[3].append("/file", b"more", NOW).unwrap();
    let id = forks[4].stat("/file").unwrap().id;
    forks[4].write_at(id, CHUNK + 5, b"changed", NOW).unwrap();
    assert_eq!(storage.used_bytes(), 9 * CHUNK, "one chunk was copied");
    assert_eq!(tree.read("/file").unwrap(), bytes(8 * CHUNK_BYTES, 1));
    let mut changed = bytes(8 * CHUNK_BYTES, 1);
    changed[CHUNK_BYTES + 5..CHUNK_BYTES + 12].copy_from_slice(b"changed");
    assert_eq!(forks[4].read("/file").unwrap(), changed);
    drop(forks);
    assert_eq!(storage.used_bytes(), 8 * CHUNK);
    drop(tree);
    assert_eq!(storage.used_bytes(), 0);
}

#[test]
fn a_slot_used_again_shows_nothing_of_its_past() {
    let storage = Storage::new(std::env::temp_dir());
    let mut tree = Tree::new(on_disk(), storage, NOW);
    tree.write("/old", &bytes(CHUNK_BYTES, 0x5a), NOW).unwrap();
    tree.remove("/old", NOW).unwrap();
    tree.write("/new", &bytes(600, 1), NOW).unwrap();
    let id = tree.stat("/new").unwrap().id;
    tree.write_at(id, 50_000, b"end", NOW).unwrap();
    tree.set_size_of(id, CHUNK, NOW).unwrap();
    let mut expected = bytes(600, 1);
    expected.resize(CHUNK_BYTES, 0);
    expected[50_000..50_003].copy_from_slice(b"end");
    assert_eq!(tree.read("/new").unwrap(), expected);
    // The same after cutting and extending again.
    tree.set_size_of(id, 10, NOW).unwrap();
    tree.write_at(id, 60_000, b"x", NOW).unwrap();
    let mut expected = bytes(10, 1);
    expected.resize(60_000, 0);
    expected.push(b'x');
    assert_eq!(tree.read("/new").unwrap(), expected);
}

#[test]
fn a_batch_of_freed_slots_gives_its_blocks_back() {
    let storage = Storage::new(std::env::temp_dir());
    let mut tree = Tree::new(on_disk(), storage.clone(), NOW);
    // More than two batches, freed in two halves so that runs have gaps.
    for file in 0..600 {
        tree.write(&format!("/{file}"), &bytes(CHUNK_BYTES, 1), NOW)
            .unwrap();
    }
    for file in (0..600).step_by(2) {
        tree.remove(&format!("/{file}"), NOW).unwrap();
    }
    assert_eq!(storage.used_bytes(), 300 * CHUNK);
    for file in (1..600).step_by(2) {
        assert_eq!(
            tree.read(&format!("/{file}")).unwrap(),
            bytes(CHUNK_BYTES, 1)
        );
    }
    for file in (0..600).step_by(2) {
        tree.write(&format!("/{file}"), &bytes(CHUNK_BYTES, 2), NOW)
            .unwrap();
    }
    assert_eq!(storage.used_bytes(), 600 * CHUNK);
    assert_eq!(tree.read("/599").unwrap(), bytes(CHUNK_BYTES, 1));
    assert_eq!(tree.read("/0").unwrap(), bytes(CHUNK_BYTES, 2));
}

#[test]
fn memory_stays_within_its_bound() {
    let mut tree = tree_with(FileLimits {
        resident_bytes: 1 << 20,
        ..FileLimits::default()
    });
    for file in 0..64 {
        tree.write(&format!("/{file}"), &bytes(100_000, file), NOW)
            .unwrap();
        assert!(tree.usage().resident_bytes <= 1 << 20);
    }
    assert_eq!(tree.usage().bytes, 64 * 100_000);
    for file in 0..64 {
        assert_eq!(
            tree.read(&format!("/{file}")).unwrap(),
            bytes(100_000, file)
        );
    }
}

#[test]
fn a_big_file_keeps_its_start_in_memory_and_the_rest_on_disk() {
    let mut tree = tree_with(FileLimits::default());
    let id = {
        tree.write("/big", b"", NOW).unwrap();
        tree.stat("/big").unwrap().id
    };
    let piece = bytes(1 << 20, 9);
    for at in 0..256_u64 {
        tree.write_at(id, at << 20, &piece, NOW).unwrap();
    }
    assert_eq!(tree.usage().bytes, 256 << 20);
    assert_eq!(tree.usage().resident_bytes, 1 << 20);
    let mut back = vec![0; 1 << 20];
    for at in [0_u64, 1, 128, 255] {
        assert_eq!(tree.read_at(id, at << 20, &mut back).unwrap(), 1 << 20);
        assert_eq!(back, piece);
    }
}

use std::sync::Arc;

use super::{NOW, done, standard, tree};
use crate::files::error::FileError;
use crate::files::library::{Library, LibraryError, LibraryLimits};
use crate::files::node::{Kind, NodeId};
use crate::files::tree::Tree;
use crate::files::walk::Follow;

/// One entry of a zip file to be made, with everything that may be wrong.
#[derive(Clone)]
struct Part {
    name: &'static [u8],
    data: &'static [u8],
    method: u16,
    flags: u16,
    mode: u32,
    /// Claimed in the table of contents instead of the real ones.
    size: Option<u32>,
    header: Option<u32>,
    extra: u16,
}

fn part(name: &'static str, data: &'static str) -> Part {
    Part {
        name: name.as_bytes(),
        data: data.as_bytes(),
        method: 0,
        flags: 0,
        mode: 0,
        size: None,
        header: None,
        extra: 0,
    }
}

/// A zip file by hand, so that it can be wrong in any way.
fn zip(parts: &[Part]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut table: Vec<u8> = Vec::new();
    for part in parts {
        let at = u32::try_from(bytes.len()).unwrap();
        let length = u32::try_from(part.data.len()).unwrap();
        let size = part.size.unwrap_or(length);
        let name_length = u16::try_from(part.name.len()).unwrap();
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(part.flags.to_le_bytes());
        common.extend(part.method.to_le_bytes());
        // 12:34:56 on 2024-02-29
        common.extend((12_u16 << 11 | 34 << 5 | 28).to_le_bytes());
        common.extend((44_u16 << 9 | 2 << 5 | 29).to_le_bytes());
        common.extend(0_u32.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(name_length.to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(part.extra.to_le_bytes());
        bytes.extend(part.name);
        bytes.extend(vec![0; usize::from(part.extra)]);
        bytes.extend(part.data);
        table.extend(b"PK\x01\x02");
        table.extend((3_u16 << 8 | 20).to_le_bytes());
        table.extend(&common);
        table.extend([0; 8]);
        table.extend((part.mode << 16).to_le_bytes());
        table.extend(part.header.unwrap_or(at).to_le_bytes());
        table.extend(part.name);
    }
    let start = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(parts.len()).unwrap();
    let length = u32::try_from(table.len()).unwrap();
    bytes.extend(table);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

/// A library of these bytes, and what keeps its file.
fn library(bytes: &[u8]) -> (tempfile::TempDir, Arc<Library>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("library.zip");
    std::fs::write(&path, bytes).unwrap();
    (directory, Arc::new(Library::new(path)))
}

fn good() -> Vec<u8> {
    zip(&[
        part("python/", ""),
        part("python/os.pyc", "os contents"),
        Part {
            extra: 9,
            ..part("python/json/__init__.pyc", "json contents")
        },
        part("top", "top contents"),
        part("implied/by/name", ""),
    ])
}

fn mounted() -> (tempfile::TempDir, Tree, Arc<Library>) {
    let (directory, library) = library(&good());
    let mut tree = standard();
    tree.mount(
        "/usr/lib",
        Arc::clone(&library) as Arc<dyn crate::files::Backing>,
    )
    .unwrap();
    (directory, tree, library)
}

#[test]
fn it_is_read_where_it_is_mounted() {
    let (_directory, tree, library) = mounted();
    assert!(!library.is_open(), "not before the first look");
    assert!(tree.exists("/usr/lib").unwrap());
    assert_eq!(tree.read("/usr/lib/python/os.pyc").unwrap(), b"os contents");
    assert!(library.is_open());
    let cases: [(&str, &[u8]); 4] = [
        ("/usr/lib/top", b"top contents"),
        (
            "/usr/lib/python/../python/json/__init__.pyc",
            b"json contents",
        ),
        ("/lib/top", b"top contents"),
        ("/usr/lib/implied/by/name", b""),
    ];
    for (path, expected) in cases {
        assert_eq!(tree.read(path).unwrap(), expected, "{path}");
    }
    assert_eq!(tree.read_range("/usr/lib/top", 4, 3).unwrap(), b"con");
    assert_eq!(tree.read_range("/usr/lib/top", 400, 3).unwrap(), b"");
    let names = |path| -> Vec<String> {
        let entries = tree.list(path).unwrap();
        entries.iter().map(|entry| entry.name.to_string()).collect()
    };
    assert_eq!(names("/usr/lib"), ["implied", "python", "top"]);
    assert_eq!(names("/usr/lib/python"), ["json", "os.pyc"]);
    assert_eq!(names("/usr"), ["bin", "lib", "local"]);
    let stat = tree.stat("/usr/lib/python/os.pyc").unwrap();
    assert_eq!((stat.kind, stat.size, stat.mode), (Kind::File, 11, 0o444));
    assert_eq!(stat.modified_ns, 1_709_210_096_000_000_000);
    assert_ne!(stat.id.device(), tree.stat("/usr").unwrap().id.device());
    assert_eq!(
        tree.stat("/usr/lib/..").unwrap().id,
        tree.stat("/usr").unwrap().id
    );
    for (path, expected) in [
        ("/usr/lib/nothing", FileError::NotFound),
        ("/usr/lib/top/x", FileError::NotADirectory),
        ("/usr/lib/top/", FileError::NotADirectory),
        ("/usr/lib/python", FileError::IsADirectory),
    ] {
        assert_eq!(done(tree.read(path)), Err(expected), "{path}");
    }
    assert_eq!(
        done(tree.list("/usr/lib/top")),
        Err(FileError::NotADirectory)
    );
}

#[test]
fn nothing_in_it_can_be_changed() {
    let (_directory, mut tree, _library) = mounted();
    let read_only = Err(FileError::ReadOnly);
    assert_eq!(tree.write("/usr/lib/top", b"x", NOW), read_only);
    assert_eq!(tree.write("/usr/lib/new", b"x", NOW), read_only);
    assert_eq!(tree.append("/usr/lib/top", b"x", NOW), read_only);
    assert_eq!(tree.make_dir("/usr/lib/new", NOW), read_only);
    assert_eq!(tree.make_dir("/usr/lib/top", NOW), Err(FileError::Exists));
    assert_eq!(tree.symlink("x", "/usr/lib/new", NOW), read_only);
    assert_eq!(tree.remove("/usr/lib/top", NOW), read_only);
    assert_eq!(tree.remove_all("/usr/lib/python", NOW), read_only);
    assert_eq!(tree.set_mode("/usr/lib/top", 0o777, NOW), read_only);
    assert_eq!(
        tree.set_times("/usr/lib/top", Some(0), None, NOW),
        read_only
    );
    assert_eq!(tree.publish("/usr/lib/top", b"x", NOW), read_only);
    assert_eq!(tree.rename("/usr/lib/top", "/usr/lib/t", NOW), read_only);
    assert_eq!(tree.set_metadata("/usr/lib/top", [].into(), NOW), read_only);
    let across = Err(FileError::CrossDevice);
    assert_eq!(tree.rename("/usr/lib/top", "/tmp/top", NOW), across);
    tree.write("/tmp/mine", b"", NOW).unwrap();
    assert_eq!(tree.rename("/tmp/mine", "/usr/lib/mine", NOW), across);
    let top = tree.stat("/usr/lib/top").unwrap().id;
    let tmp = tree.stat("/tmp").unwrap().id;
    assert_eq!(tree.link_in(top, tmp, "top", NOW), across);
    // The mount point itself, and what is above it.
    assert_eq!(tree.remove("/usr/lib", NOW), Err(FileError::Busy));
    assert_eq!(tree.remove_all("/usr/lib", NOW), read_only);
    assert_eq!(
        tree.rename("/usr/lib", "/tmp/lib", NOW),
        Err(FileError::Busy)
    );
    tree.make_dir("/tmp/empty", NOW).unwrap();
    assert_eq!(
        tree.rename("/tmp/empty", "/usr/lib", NOW),
        Err(FileError::Busy)
    );
    assert_eq!(tree.remove_all("/usr", NOW), Err(FileError::Busy));
    assert_eq!(tree.read("/usr/lib/top").unwrap(), b"top contents");
}

#[test]
fn a_mount_moves_with_its_directory_and_into_copies() {
    let (_directory, mut tree, _library) = mounted();
    let copy = tree.clone();
    tree.rename("/usr", "/moved", NOW).unwrap();
    assert_eq!(tree.read("/moved/lib/top").unwrap(), b"top contents");
    assert_eq!(
        tree.stat("/moved/lib/..").unwrap().id,
        tree.stat("/moved").unwrap().id
    );
    assert_eq!(copy.read("/usr/lib/top").unwrap(), b"top contents");
}

#[test]
fn mounting_needs_a_directory_that_is_not_mounted() {
    let (_directory, mut tree, library) = mounted();
    let mut mount = |path| tree.mount(path, Arc::clone(&library) as Arc<_>);
    assert_eq!(mount("/"), Err(FileError::Busy));
    assert_eq!(mount("/usr/lib"), Err(FileError::Busy));
    assert_eq!(mount("/usr/lib/python"), Err(FileError::Busy));
    assert_eq!(mount("/etc/passwd"), Err(FileError::NotADirectory));
    assert_eq!(mount("/nothing"), Err(FileError::NotFound));
    assert_eq!(mount("/tmp"), Ok(()));
    assert_eq!(tree.read("/tmp/top").unwrap(), b"top contents");
    assert_ne!(
        tree.stat("/tmp/top").unwrap().id,
        tree.stat("/usr/lib/top").unwrap().id
    );
}

#[test]
fn a_link_in_the_tree_leads_into_it_and_out() {
    let (_directory, mut tree, _library) = mounted();
    tree.symlink("/usr/lib/python", "/home/user/lib", NOW)
        .unwrap();
    assert_eq!(tree.read("/home/user/lib/os.pyc").unwrap(), b"os contents");
    assert_eq!(
        tree.read("/home/user/lib/../../../etc/hostname").unwrap(),
        b"sandcell\n"
    );
    let python = tree.stat("/usr/lib/python").unwrap().id;
    let found = tree.find(python, "../../..", Follow::Always);
    assert_eq!(found.unwrap().0, NodeId::ROOT);
}

/// The library of these entries is refused, now and later, whoever asks.
fn check_refused(parts: &[Part], expected: LibraryError) {
    let (_directory, library) = library(&zip(parts));
    let refused = Err(FileError::Library(Arc::new(expected)));
    assert_eq!(library.open(), refused);
    assert_eq!(library.open(), refused, "and stays refused");
    let mut tree = tree();
    tree.make_dir("/lib", NOW).unwrap();
    tree.mount("/lib", library).unwrap();
    assert_eq!(done(tree.read("/lib/a")), refused);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let cases: [(&[u8], &str); 10] = [
        (b"/absolute", "/absolute"),
        (b"../up", "../up"),
        (b"a/../b", "a/../b"),
        (b"a//b", "a//b"),
        (b"./a", "./a"),
        (b"a\\b", "a\\b"),
        (b"a\0b", "a\0b"),
        (b"/", ""),
        (b"a/../", "a/.."),
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
    ];
    for (name, shown) in cases {
        let name = Part {
            name,
            ..part("", "")
        };
        let shown = shown.to_owned();
        check_refused(&[name], LibraryError::Name { name: shown });
    }
}

#[test]
fn entries_that_are_no_plain_files_are_refused() {
    let named = |name: &str| name.to_owned();
    let cases: Vec<(Vec<Part>, LibraryError)> = vec![
        (
            vec![Part {
                flags: 1,
                ..part("secret", "x")
            }],
            LibraryError::Encrypted {
                name: named("secret"),
            },
        ),
        (
            vec![Part {
                method: 8,
                ..part("small", "x")
            }],
            LibraryError::Compressed {
                name: named("small"),
            },
        ),
        (
            vec![Part {
                mode: 0o120_777,
                ..part("link", "/etc/passwd")
            }],
            LibraryError::Special {
                name: named("link"),
            },
        ),
        (
            vec![Part {
                mode: 0o010_644,
                ..part("fifo", "")
            }],
            LibraryError::Special {
                name: named("fifo"),
            },
        ),
        (
            vec![Part {
                mode: 0o040_755,
                ..part("directory", "")
            }],
            LibraryError::Special {
                name: named("directory"),
            },
        ),
        (
            vec![part("a", "1"), part("a/b", "2")],
            LibraryError::Conflict { name: named("a") },
        ),
        (
            vec![part("a/b", "2"), part("a", "1")],
            LibraryError::Conflict { name: named("a") },
        ),
        (
            vec![part("a", "1"), part("a", "2")],
            LibraryError::Duplicate,
        ),
        (
            vec![
                part("a", "0123456789"),
                Part {
                    header: Some(0),
                    ..part("b", "0123456789")
                },
            ],
            LibraryError::Overlap { name: named("a") },
        ),
        (
            vec![Part {
                size: Some(1000),
                ..part("a", "short")
            }],
            LibraryError::Overlap { name: named("a") },
        ),
    ];
    for (parts, expected) in cases {
        check_refused(&parts, expected);
    }
}

#[test]
fn what_only_the_local_header_tells_is_found_at_the_first_read() {
    // The table of contents leaves no gap between the files, but the first
    // file's local header claims extra bytes that push it into the second.
    let mut bytes = zip(&[part("a", "0123456789"), part("b", "0123456789")]);
    bytes[28] = 5;
    let (_directory, first) = library(&bytes);
    first.open().unwrap();
    let mut tree = tree();
    tree.make_dir("/lib", NOW).unwrap();
    tree.mount("/lib", first).unwrap();
    let overlap = LibraryError::Overlap {
        name: "a".to_owned(),
    };
    assert_eq!(
        tree.read("/lib/a"),
        Err(FileError::Library(Arc::new(overlap)))
    );
    assert_eq!(tree.read("/lib/b").unwrap(), b"0123456789");
    // A local header that is none.
    let mut bytes = zip(&[part("a", "0123456789")]);
    bytes[0] = b'X';
    let (_directory, second) = library(&bytes);
    tree.make_dir("/lib2", NOW).unwrap();
    tree.mount("/lib2", second).unwrap();
    assert!(matches!(
        tree.read("/lib2/a"),
        Err(FileError::Library(error)) if matches!(*error, LibraryError::Malformed { .. })
    ));
}

#[test]
fn damaged_missing_and_shrunk_files_are_errors() {
    let malformed = |bytes: &[u8]| {
        let (_directory, library) = library(bytes);
        matches!(
            library.open(),
            Err(FileError::Library(error)) if matches!(*error, LibraryError::Malformed { .. })
        )
    };
    let whole = good();
    assert!(malformed(b""));
    assert!(malformed(b"no zip file at all"));
    assert!(malformed(&whole[..whole.len() - 1]));
    assert!(malformed(&whole[..whole.len() / 2]));
    // Bytes before the archive move everything.
    let mut moved = b"#!/bin/sh\n".to_vec();
    moved.extend(&whole);
    assert!(malformed(&moved));

    let directory = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path| Library::new(path).open();
    let kind = std::io::ErrorKind::NotFound;
    let missing = LibraryError::Open { kind };
    assert_eq!(
        open(&directory.path().join("none")),
        Err(FileError::Library(Arc::new(missing)))
    );
    let kind = std::io::ErrorKind::InvalidInput;
    let no_file = LibraryError::Open { kind };
    assert_eq!(
        open(directory.path()),
        Err(FileError::Library(Arc::new(no_file)))
    );

    let (directory, mut_library) = library(&whole);
    mut_library.open().unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(directory.path().join("library.zip"))
        .unwrap();
    file.set_len(50).unwrap();
    let mut tree = tree();
    tree.make_dir("/lib", NOW).unwrap();
    tree.mount("/lib", mut_library).unwrap();
    let kind = std::io::ErrorKind::UnexpectedEof;
    assert_eq!(
        tree.read("/lib/top"),
        Err(FileError::Library(Arc::new(LibraryError::Read { kind })))
    );
}

#[test]
fn its_limits_are_exact() {
    let bytes = good();
    let length = bytes.len() as u64;
    let (directory, _library) = library(&bytes);
    let path = directory.path().join("library.zip");
    let open = |limits| Library::with_limits(&path, limits).open();
    let whole = LibraryLimits::default();
    let refused = |error| Err(FileError::Library(Arc::new(error)));
    let with = |change: fn(&mut LibraryLimits, u64), by: u64| {
        let mut limits = whole;
        change(&mut limits, by);
        limits
    };
    let archive = |by| with(|limits, by| limits.archive_bytes = by, by);
    assert_eq!(open(archive(length)), Ok(()));
    let error = LibraryError::TooLarge {
        bytes: length,
        limit: length - 1,
    };
    assert_eq!(open(archive(length - 1)), refused(error));
    let total = |by| with(|limits, by| limits.total_bytes = by, by);
    assert_eq!(open(total(36)), Ok(()));
    let error = LibraryError::TooLarge {
        bytes: 36,
        limit: 35,
    };
    assert_eq!(open(total(35)), refused(error));
    // Implied directories count: 5 entries and 3 of those.
    let entries = |by| LibraryLimits {
        entries: by,
        ..whole
    };
    assert_eq!(open(entries(8)), Ok(()));
    let error = LibraryError::TooManyEntries { count: 8, limit: 7 };
    assert_eq!(open(entries(7)), refused(error));
    let error = LibraryError::TooManyEntries { count: 5, limit: 4 };
    assert_eq!(open(entries(4)), refused(error));
}

use super::{DATA, DIRECTORY, OUT, READ, ROOT, WRITE, World};
use crate::wasi::Errno;

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    next: u64,
    inode: u64,
    kind: u8,
    name: String,
}

/// The whole entries that one call puts into a buffer, and how much is filled.
fn list(world: &mut World, fd: u32, room: u32, cookie: u64) -> Result<(Vec<Entry>, u32), Errno> {
    world.call(|descriptors, call| descriptors.fd_readdir(call, fd, DATA, room, cookie, OUT))?;
    let used = world.u32_at(OUT);
    let mut entries = Vec::new();
    let mut rest = world.bytes(DATA, used as usize);
    while rest.len() >= 24 {
        let length = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let Some(name) = rest.get(24..24 + length) else {
            break;
        };
        entries.push(Entry {
            next: u64::from_le_bytes(rest[..8].try_into().unwrap()),
            inode: u64::from_le_bytes(rest[8..16].try_into().unwrap()),
            kind: rest[20],
            name: String::from_utf8(name.to_vec()).unwrap(),
        });
        rest = &rest[24 + length..];
    }
    Ok((entries, used))
}

/// All names of a directory, read as the C library reads: with a buffer of this
/// size, from the last whole entry on, until the buffer is not filled.
fn names(world: &mut World, fd: u32, room: u32) -> Vec<String> {
    let mut names = Vec::new();
    let mut cookie = 0;
    loop {
        let (entries, used) = list(world, fd, room, cookie).unwrap();
        names.extend(entries.iter().map(|entry| entry.name.clone()));
        if used < room {
            return names;
        }
        cookie = entries.last().unwrap().next;
    }
}

#[test]
fn entries_have_their_types_and_numbers() {
    let mut world = World::new(&["/d/e/", "/d/file", "/d/link -> file"]);
    let d = world.open("d", DIRECTORY, READ).unwrap();
    let (entries, used) = list(&mut world, d, 1000, 0).unwrap();
    let inode = |world: &World, path| world.tree.stat_link(path).unwrap().id.inode();
    let expected = [
        (1, "/d", 3, "."),
        (2, "/", 3, ".."),
        (3, "/d/e", 3, "e"),
        (4, "/d/file", 4, "file"),
        (5, "/d/link", 7, "link"),
    ];
    assert_eq!(entries.len(), expected.len());
    for (entry, (next, path, kind, name)) in entries.iter().zip(expected) {
        let inode = inode(&world, path);
        let name = name.to_owned();
        assert_eq!(
            *entry,
            Entry {
                next,
                inode,
                kind,
                name
            }
        );
    }
    assert_eq!(used, 5 * 24 + 1 + 2 + 1 + 4 + 4);
    for entry in &entries {
        let (rest, _) = list(&mut world, d, 1000, entry.next).unwrap();
        let at = usize::try_from(entry.next).unwrap();
        assert_eq!(rest, entries[at..], "from {}", entry.name);
    }
    assert_eq!(list(&mut world, d, 1000, u64::MAX).unwrap().1, 0);
    assert_eq!(list(&mut world, d, 0, 0).unwrap().1, 0);
}

#[test]
fn a_buffer_is_filled_to_its_end() {
    let mut world = World::new(&["/d/", "/d/some-name"]);
    let d = world.open("d", DIRECTORY, READ).unwrap();
    let (_, whole) = list(&mut world, d, 1000, 0).unwrap();
    let all = world.bytes(DATA, whole as usize).to_vec();
    for room in 0..=whole {
        world.put(DATA, &[0xee; 200]);
        let (_, used) = list(&mut world, d, room, 0).unwrap();
        assert_eq!(used, room);
        assert_eq!(world.bytes(DATA, room as usize), &all[..room as usize]);
        assert_eq!(world.bytes(DATA + room, 1), [0xee], "and not beyond");
    }
}

#[test]
fn a_small_buffer_gets_everything_in_the_end() {
    let mut world = World::new(&["/d/"]);
    let mut expected = vec![".".to_owned(), "..".to_owned()];
    for at in 0..1000 {
        let name = format!("file.{at}");
        world.tree.write(&format!("/d/{name}"), b"", 0).unwrap();
        expected.push(name);
    }
    let d = world.open("d", DIRECTORY, READ).unwrap();
    for room in [33, 64, 256, 4096, 100_000] {
        assert_eq!(names(&mut world, d, room), expected, "{room}");
    }
}

#[test]
fn a_loop_that_removes_or_renames_what_it_lists_ends() {
    let fill = || {
        let mut world = World::new(&["/d/"]);
        for at in 0..300 {
            world.tree.write(&format!("/d/{at}"), b"", 0).unwrap();
        }
        let d = world.open("d", DIRECTORY, READ).unwrap();
        (world, d)
    };
    let walk = |world: &mut World, d, act: fn(&mut World, &str)| {
        let mut seen = Vec::new();
        let mut cookie = 0;
        loop {
            let (entries, used) = list(world, d, 200, cookie).unwrap();
            for entry in entries.iter().filter(|entry| !entry.name.starts_with('.')) {
                act(world, &entry.name);
                seen.push(entry.name.clone());
            }
            if used < 200 {
                return seen;
            }
            cookie = entries.last().unwrap().next;
        }
    };
    let all: Vec<String> = (0..300).map(|at| at.to_string()).collect();
    let (mut world, d) = fill();
    let seen = walk(&mut world, d, |world, name| {
        world.unlink(&format!("d/{name}")).unwrap();
    });
    assert_eq!(seen, all);
    assert!(world.tree.list("/d").unwrap().is_empty());
    let (mut world, d) = fill();
    let seen = walk(&mut world, d, |world, name| {
        world
            .rename(&format!("d/{name}"), &format!("d/{name}x"))
            .unwrap();
    });
    assert_eq!(seen, all);
    let (mut world, d) = fill();
    let seen = walk(&mut world, d, |world, name| {
        world.tree.write(&format!("/d/new-{name}"), b"", 0).unwrap();
    });
    assert_eq!(seen, all);
    // From the start again, everything is there.
    assert_eq!(names(&mut world, d, 4096).len(), 602);
}

#[test]
fn only_directories_are_listed() {
    let mut world = World::new(&["/file", "/d/"]);
    let file = world.open("file", 0, READ | WRITE).unwrap();
    let d = world.open("d", DIRECTORY, READ).unwrap();
    assert_eq!(list(&mut world, file, 100, 0), Err(Errno::Notdir));
    assert_eq!(list(&mut world, 0, 100, 0), Err(Errno::Badf));
    assert_eq!(list(&mut world, 60, 100, 0), Err(Errno::Badf));
    assert_eq!(list(&mut world, ROOT, 1000, 0).unwrap().0.len(), 4);
    world.remove_directory("d").unwrap();
    assert_eq!(list(&mut world, d, 100, 0), Err(Errno::Noent));
}

#[test]
fn the_preopened_directory_has_its_name() {
    let mut world = World::new(&["/d/"]);
    world
        .call(|d, call| d.fd_prestat_get(call, ROOT, OUT))
        .unwrap();
    assert_eq!(world.bytes(OUT, 8), [0, 0, 0, 0, 1, 0, 0, 0]);
    let name = |world: &mut World, fd, room| {
        world.call(|d, call| d.fd_prestat_dir_name(call, fd, DATA, room))
    };
    assert_eq!(name(&mut world, ROOT, 0), Err(Errno::Nametoolong));
    for room in [1, 2, 100] {
        world.put(DATA, b"..");
        assert_eq!(name(&mut world, ROOT, room), Ok(()));
        assert_eq!(world.bytes(DATA, 2), b"/.");
    }
    let d = world.open("d", DIRECTORY, READ).unwrap();
    for fd in [0, 1, 2, d] {
        let get = world.call(|d, call| d.fd_prestat_get(call, fd, OUT));
        assert_eq!(get, Err(Errno::Badf));
        assert_eq!(name(&mut world, fd, 9), Err(Errno::Notdir));
    }
    let get = world.call(|d, call| d.fd_prestat_get(call, 60, OUT));
    assert_eq!(get, Err(Errno::Badf));
    assert_eq!(name(&mut world, 60, 9), Err(Errno::Badf));
}

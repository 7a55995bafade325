//! Tables of descriptors as bytes and back.

use std::sync::Arc;

use super::{DIRECTORY, NOW, READ, WRITE, World};
use crate::files::{Access, Backing, FileLimits, FolderLimits, HostFolder, Storage, Tree};
use crate::wasi::{Descriptors, Errno};

#[test]
fn a_table_and_its_tree_come_back_from_bytes() {
    let mut world = World::standard();
    let write = |world: &mut World, path: &str, text: &[u8]| {
        world.tree.write(path, text, NOW.realtime_ns).unwrap();
    };
    write(&mut world, "/kept", b"0123456789");
    write(&mut world, "/gone", b"only held open");
    let kept = world.open("kept", 0, READ | WRITE).unwrap();
    let gone = world.open("gone", 0, READ).unwrap();
    let folder = world.open("etc", DIRECTORY, READ).unwrap();
    let closed = world.open("kept", 0, READ).unwrap();
    let device = world.open("dev/zero", 0, READ).unwrap();
    world.seek(kept, 4, 0).unwrap();
    world.unlink("gone").unwrap();
    world.close(closed).unwrap();

    let (mut tree_bytes, mut table_bytes) = (Vec::new(), Vec::new());
    world.tree.save(&mut tree_bytes).unwrap();
    world
        .descriptors
        .save(&world.tree, &mut table_bytes)
        .unwrap();
    let bounds = FileLimits::default();
    let storage = Storage::new(std::env::temp_dir());
    world.tree = Tree::load(&mut &*tree_bytes, &bounds, storage, &[]).unwrap();
    let mut rest = &*table_bytes;
    world.descriptors = Descriptors::load(&mut rest, 64, &mut world.tree).unwrap();
    assert!(rest.is_empty());
    world.tree.drop_unheld();

    let mut again = Vec::new();
    world.descriptors.save(&world.tree, &mut again).unwrap();
    assert_eq!(again, table_bytes);
    assert_eq!(world.read(kept, 20).unwrap(), b"456789");
    assert_eq!(world.read(gone, 20).unwrap(), b"only held open");
    assert_eq!(world.read(device, 3).unwrap(), [0; 3]);
    assert_eq!(world.open("kept", 0, READ).unwrap(), closed);
    let (filetype, ..) = world.stat_at(folder, 0, "hostname").unwrap();
    assert_eq!(filetype, 4);
    // Closing it for the last time gives its bytes back.
    let held = world.tree.usage().bytes;
    world.close(gone).unwrap();
    assert_eq!(world.tree.usage().bytes, held - 14);
}

#[test]
fn saved_tables_that_lie_are_refused() {
    let mut tree = World::new(&[]).tree;
    tree.write("/file", b"text", NOW.realtime_ns).unwrap();
    let file = tree.stat("/file").unwrap().id.inode();
    let file_of = |inode: u64, offset: u64, access: u8, flags: u16, device: u8| {
        let mut slot = vec![4, 0, 0, 0, 0];
        slot.extend(inode.to_le_bytes());
        slot.extend(offset.to_le_bytes());
        slot.push(access);
        slot.extend(flags.to_le_bytes());
        slot.push(device);
        slot
    };
    let directory_of = |inode: u64, preopened: u8| {
        let mut slot = vec![5, 0, 0, 0, 0];
        slot.extend(inode.to_le_bytes());
        slot.extend([0; 10]);
        slot.push(preopened);
        slot
    };
    let mut load = |count: u32, slot: &[u8]| {
        let mut bytes = b"sc-descr".to_vec();
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(64_u32.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(slot);
        match Descriptors::load(&mut &*bytes, 64, &mut tree) {
            Ok(table) => format!("{} open", table.open_count()),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(load(1, &file_of(file, 3, 3, 1, 0)), "1 open");
    assert_eq!(load(1, &directory_of(1, 1)), "1 open");
    assert_eq!(load(0, &[]), "0 open");
    assert_eq!(load(65, &[0; 65]), "65 descriptors are more than 64");
    assert_eq!(
        load(2, &[1]),
        "the saved bytes end within saved descriptors"
    );
    let said = |text: &str| format!("descriptor 0: {text}");
    assert_eq!(load(1, &[99]), said("it is of an unknown kind"));
    assert_eq!(
        load(1, &file_of(999, 0, 1, 0, 0)),
        said("its node is not there")
    );
    assert_eq!(
        load(1, &file_of(file, u64::MAX, 1, 0, 0)),
        said("its offset is before the start")
    );
    for access in [0, 4, 0xff] {
        assert_eq!(
            load(1, &file_of(file, 0, access, 0, 0)),
            said("it is open neither for reading nor for writing")
        );
    }
    assert_eq!(
        load(1, &file_of(file, 0, 1, 32, 0)),
        said("it has unknown flags")
    );
    assert_eq!(
        load(1, &file_of(file, 0, 1, 0, 9)),
        said("it is an unknown device")
    );
    let other = said("it is open as something that its node is not");
    assert_eq!(load(1, &file_of(file, 0, 1, 0, 1)), other);
    assert_eq!(load(1, &file_of(1, 0, 1, 0, 0)), other);
    assert_eq!(load(1, &directory_of(file, 0)), other);
    let given = said("it is neither given nor opened");
    assert_eq!(load(1, &directory_of(1, 2)), given);
    let mut mounted = file_of(file, 0, 1, 0, 0);
    mounted[1] = 7;
    assert_eq!(load(1, &mounted), said("its mount is not there"));
}

#[test]
fn files_of_mounts_are_found_by_name_or_are_gone() {
    let host = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(host.path().join("sub")).unwrap();
    for name in ["sub/kept", "removed", "lost"] {
        std::fs::write(host.path().join(name), "0123456789").unwrap();
    }
    let folder = || -> Arc<dyn Backing> {
        let limits = FolderLimits::default();
        Arc::new(HostFolder::open(host.path(), Access::ReadWrite, limits).unwrap())
    };
    let mut world = World::new(&["/m/"]);
    world.tree.mount("/m", folder()).unwrap();
    let kept = world.open("m/sub/kept", 0, READ | WRITE).unwrap();
    let removed = world.open("m/removed", 0, READ).unwrap();
    let lost = world.open("m/lost", 0, READ).unwrap();
    let sub = world.open("m/sub", DIRECTORY, READ).unwrap();
    world.seek(kept, 3, 0).unwrap();
    world.unlink("m/removed").unwrap();
    assert_eq!(world.read(removed, 3).unwrap(), b"012");

    let (mut tree, mut table) = (Vec::new(), Vec::new());
    world.tree.save(&mut tree).unwrap();
    world.descriptors.save(&world.tree, &mut table).unwrap();
    std::fs::remove_file(host.path().join("lost")).unwrap();
    // Another process has numbers of its own for the same files.
    let (bounds, storage) = (FileLimits::default(), Storage::new(std::env::temp_dir()));
    let mounts = [("/m", folder())];
    world.tree = Tree::load(&mut &*tree, &bounds, storage, &mounts).unwrap();
    world.descriptors = Descriptors::load(&mut &*table, 64, &mut world.tree).unwrap();

    assert_eq!(world.read(kept, 4).unwrap(), b"3456");
    assert_eq!(world.write(kept, b"!"), Ok(1));
    for gone in [removed, lost] {
        assert_eq!(world.read(gone, 4), Err(Errno::Stale));
        world.close(gone).unwrap();
    }
    assert_eq!(world.stat_at(sub, 0, "kept").unwrap().2, 10);
    let text = std::fs::read_to_string(host.path().join("sub/kept")).unwrap();
    assert_eq!(text, "0123456!89");
}

use super::{CREAT, DIRECTORY, NOW, OUT, READ, ROOT, TRUNC, WRITE, World};
use crate::wasi::{Call, Descriptors, Errno};

fn renumber(world: &mut World, from: u32, to: u32) -> Result<(), Errno> {
    world.call(|descriptors, call| descriptors.fd_renumber(call, from, to))
}

#[test]
fn renumbering_closes_the_target_and_frees_the_source() {
    let mut world = World::new(&["/a", "/b"]);
    let a = world.open("a", 0, READ).unwrap();
    let b = world.open("b", 0, READ | WRITE).unwrap();
    world.read(b, 1).unwrap();
    world.unlink("a").unwrap();
    let before = world.fdstat(b).unwrap();
    assert_eq!(renumber(&mut world, b, a), Ok(()));
    assert_eq!(world.tree.usage().bytes, 2, "the other file is gone");
    assert_eq!(world.fdstat(a), Ok(before));
    assert_eq!(world.read(a, 9).unwrap(), b"b", "with its offset");
    assert_eq!(world.close(b), Err(Errno::Badf));
    assert_eq!(renumber(&mut world, a, b), Err(Errno::Badf));
    assert_eq!(renumber(&mut world, b, a), Err(Errno::Badf));
    assert_eq!(renumber(&mut world, a, u32::MAX), Err(Errno::Badf));
    assert_eq!(renumber(&mut world, a, a), Ok(()));
    assert_eq!(world.read(a, 9).unwrap(), b"");
    assert_eq!(world.open("b", 0, READ), Ok(b), "the number is free");
}

#[test]
fn streams_and_the_root_can_be_moved_and_closed() {
    let mut world = World::new(&["/d/", "/file"]);
    let file = world.open("file", 0, READ | WRITE).unwrap();
    renumber(&mut world, file, 1).unwrap();
    assert_eq!(world.write(1, b"into"), Ok(4), "output goes into the file");
    assert_eq!(world.tree.read("/file").unwrap(), b"intoe");
    let spare = world.open("file", 0, READ).unwrap();
    renumber(&mut world, 0, spare).unwrap();
    assert_eq!(world.read(0, 1), Err(Errno::Badf));
    assert_eq!(world.fdstat(spare).unwrap().2, READ, "standard input moved");
    let d = world.open("d", DIRECTORY, 0).unwrap();
    renumber(&mut world, d, ROOT).unwrap();
    let prestat = world.call(|descriptors, call| descriptors.fd_prestat_get(call, ROOT, OUT));
    assert_eq!(prestat, Err(Errno::Badf), "no longer the preopened one");
    world.open("new", CREAT, WRITE).unwrap();
    assert!(world.tree.exists("/d/new").unwrap());
    for fd in [1, 2, ROOT] {
        assert_eq!(world.close(fd), Ok(()));
        assert_eq!(world.close(fd), Err(Errno::Badf));
        assert_eq!(world.fdstat(fd), Err(Errno::Badf));
    }
    assert_eq!(world.open("x", CREAT, WRITE), Err(Errno::Badf));
    assert_eq!(world.write(1, b"x"), Err(Errno::Badf));
    assert_eq!(world.write(2, b"x"), Err(Errno::Badf));
}

#[test]
fn a_table_copied_with_its_tree_goes_its_own_way() {
    let mut world = World::new(&["/file"]);
    let fd = world.open("file", 0, READ | WRITE).unwrap();
    world.read(fd, 2).unwrap();
    world.unlink("file").unwrap();
    let mut copy = World::over(world.tree.clone());
    copy.descriptors = world.descriptors.clone();
    assert_eq!(copy.read(fd, 9).unwrap(), b"ile");
    assert_eq!(world.read(fd, 9).unwrap(), b"ile", "at its own offset");
    world.close(fd).unwrap();
    assert_eq!(world.tree.usage().bytes, 0);
    copy.seek(fd, 0, 0).unwrap();
    assert_eq!(copy.read(fd, 9).unwrap(), b"/file");
    copy.descriptors.release(&mut copy.tree);
    assert_eq!(copy.tree.usage().bytes, 0);
    assert_eq!(copy.descriptors.open_count(), 0);
}

#[test]
fn a_table_that_was_kept_holds_what_is_still_there() {
    let mut world = World::new(&["/file", "/d/", "/gone"]);
    let file = world.open("file", 0, READ | WRITE).unwrap();
    let d = world.open("d", DIRECTORY, 0).unwrap();
    let gone = world.open("gone", 0, READ).unwrap();
    world.read(file, 2).unwrap();
    let kept = world.descriptors.clone();
    world.descriptors.release(&mut world.tree);
    world.unlink_at_root("gone");
    world.descriptors = kept;
    assert_eq!(world.descriptors.retain(&mut world.tree), 1);
    assert_eq!(world.read(file, 9).unwrap(), b"ile");
    assert!(world.fdstat(d).is_ok());
    assert_eq!(world.fdstat(gone), Err(Errno::Badf));
    // It holds what it has: the file outlives its name again.
    world.unlink("file").unwrap();
    world.seek(file, 0, 0).unwrap();
    assert_eq!(world.read(file, 9).unwrap(), b"/file");
    world.close(file).unwrap();
    assert_eq!(world.tree.usage().bytes, 0);
}

#[test]
fn a_table_has_room_for_the_streams_and_the_root_at_least() {
    for (limit, room) in [(0, 0), (3, 0), (4, 0), (5, 1), (10, 6)] {
        let mut world = World::new(&["/file"]);
        world.descriptors = Descriptors::new(limit);
        for _ in 0..room {
            world.open("file", 0, READ).unwrap();
        }
        assert_eq!(world.open("file", TRUNC, READ), Err(Errno::Mfile));
        assert_eq!(world.tree.read("/file").unwrap(), b"/file");
    }
}

#[test]
fn there_are_no_sockets() {
    let mut world = World::new(&["/file"]);
    let file = world.open("file", 0, READ | WRITE).unwrap();
    type Act = fn(&mut Descriptors, &mut Call<'_>, u32) -> Result<(), Errno>;
    let acts: [Act; 4] = [
        |d, c, fd| d.sock_accept(c, fd, 0, OUT),
        |d, c, fd| d.sock_recv(c, fd, 0, 0, 0, OUT, OUT),
        |d, c, fd| d.sock_send(c, fd, 0, 0, 0, OUT),
        |d, c, fd| d.sock_shutdown(c, fd, 3),
    ];
    for act in acts {
        for fd in [0, 1, 2, ROOT, file] {
            let result = world.call(|descriptors, call| act(descriptors, call, fd));
            assert_eq!(result, Err(Errno::Notsock));
        }
        for fd in [60, u32::MAX] {
            let result = world.call(|descriptors, call| act(descriptors, call, fd));
            assert_eq!(result, Err(Errno::Badf));
        }
    }
}

impl World {
    /// Removes a name without a descriptor.
    fn unlink_at_root(&mut self, name: &str) {
        self.tree
            .remove(&format!("/{name}"), NOW.realtime_ns)
            .unwrap();
    }
}

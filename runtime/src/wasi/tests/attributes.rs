use super::{APPEND, DIRECTORY, OUT, READ, ROOT, WRITE, World};
use crate::wasi::Errno;

const SEEK: u64 = 1 << 2;
const TELL: u64 = 1 << 5;
const READDIR: u64 = 1 << 14;
const SET_SIZE: u64 = 1 << 22;
const PATH_SET_SIZE: u64 = 1 << 19;

#[test]
fn rights_say_what_a_descriptor_is_for() {
    let mut world = World::new(&["/d/", "/file"]);
    let d = world.open("d", DIRECTORY, READ).unwrap();
    let read = world.open("file", 0, READ).unwrap();
    let write = world.open("file", 0, WRITE).unwrap();
    let both = world.open("file", 0, READ | WRITE).unwrap();
    // Descriptor, type, rights it has, rights it has not.
    let cases = [
        (0, 0, READ, WRITE | SEEK | TELL),
        (1, 0, WRITE, READ | SEEK | TELL),
        (2, 0, WRITE, READ | SEEK | TELL),
        (ROOT, 3, READDIR, SEEK | SET_SIZE | PATH_SET_SIZE),
        (d, 3, READDIR, SEEK | SET_SIZE | PATH_SET_SIZE),
        (read, 4, READ | SEEK | TELL, WRITE | READDIR),
        (write, 4, WRITE | SEEK | TELL, READ | READDIR),
        (both, 4, READ | WRITE | SEEK | TELL, READDIR),
    ];
    for (fd, kind, has, has_not) in cases {
        let (found, _, base, inheriting) = world.fdstat(fd).unwrap();
        assert_eq!(found, kind, "{fd}");
        assert_eq!(base & has, has, "{fd}");
        assert_eq!(base & has_not, 0, "{fd}");
        if kind == 3 {
            // What is opened below may be read and written.
            assert_eq!(inheriting & (READ | WRITE), READ | WRITE);
        }
    }
    for fd in [0, ROOT, both] {
        let set = world.call(|d, call| d.fd_fdstat_set_rights(call, fd, 0, 0));
        assert_eq!(set, Err(Errno::Notsup));
    }
    let set = world.call(|d, call| d.fd_fdstat_set_rights(call, 60, 0, 0));
    assert_eq!(set, Err(Errno::Badf));
}

#[test]
fn flags_are_set_on_files_and_directories() {
    let mut world = World::new(&["/d/", "/file"]);
    let d = world.open("d", DIRECTORY, READ).unwrap();
    let file = world.open("file", 0, READ | WRITE).unwrap();
    let set = |world: &mut World, fd, flags| {
        world.call(|descriptors, call| descriptors.fd_fdstat_set_flags(call, fd, flags))
    };
    for fd in [d, file] {
        for flags in [APPEND, 4, 0, 31] {
            assert_eq!(set(&mut world, fd, flags), Ok(()));
            assert_eq!(u32::from(world.fdstat(fd).unwrap().1), flags);
        }
        assert_eq!(set(&mut world, fd, 32), Err(Errno::Inval));
        assert_eq!(set(&mut world, fd, 1 << 16), Err(Errno::Inval));
        assert_eq!(world.fdstat(fd).unwrap().1, 31);
    }
    assert_eq!(set(&mut world, 1, 4), Err(Errno::Notsup));
    assert_eq!(set(&mut world, 60, 0), Err(Errno::Badf));
}

#[test]
fn what_a_descriptor_is_of_is_described() {
    let mut world = World::new(&["/d/e/", "/file"]);
    let d = world.open("d", DIRECTORY, READ).unwrap();
    let file = world.open("file", 0, READ | WRITE).unwrap();
    let get = |world: &mut World, fd| -> Result<(u8, u64, u64), Errno> {
        world.call(|descriptors, call| descriptors.fd_filestat_get(call, fd, OUT))?;
        Ok((
            world.bytes(OUT + 16, 1)[0],
            world.u64_at(OUT + 24),
            world.u64_at(OUT + 32),
        ))
    };
    assert_eq!(get(&mut world, d), Ok((3, 3, 0)));
    assert_eq!(get(&mut world, file), Ok((4, 1, 5)));
    assert_eq!(get(&mut world, ROOT), Ok((3, 3, 0)));
    for stream in [0, 1, 2] {
        world.put(OUT, &[0xee; 64]);
        assert_eq!(get(&mut world, stream), Ok((0, 0, 0)));
        assert_eq!(world.bytes(OUT, 64), [0; 64], "all of it is written");
    }
    assert_eq!(get(&mut world, 60), Err(Errno::Badf));
    world.unlink("file").unwrap();
    assert_eq!(get(&mut world, file), Ok((4, 0, 5)), "no name is left");
    world.remove_directory("d/e").unwrap();
    world.remove_directory("d").unwrap();
    assert_eq!(get(&mut world, d), Ok((3, 0, 0)));
}

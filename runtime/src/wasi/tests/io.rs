use super::{APPEND, CREAT, DATA, FOLLOW, OUT, READ, ROOT, TRUNC, VECTORS, WRITE, World};
use crate::wasi::{Effect, Errno};

const SET: u32 = 0;
const CUR: u32 = 1;
const END: u32 = 2;

fn pread(world: &mut World, fd: u32, lengths: &[u32], offset: u64) -> Result<Vec<u8>, Errno> {
    let count = world.vectors(lengths);
    let effect = world
        .call(|descriptors, call| descriptors.fd_pread(call, fd, VECTORS, count, offset, OUT))?;
    assert!(matches!(effect, Effect::Done));
    let read = world.u32_at(OUT) as usize;
    Ok(world.bytes(DATA, read).to_vec())
}

fn pwrite(world: &mut World, fd: u32, bytes: &[u8], offset: u64) -> Result<u32, Errno> {
    let length = world.put(DATA, bytes);
    let count = world.vectors(&[length]);
    world.call(|descriptors, call| descriptors.fd_pwrite(call, fd, VECTORS, count, offset, OUT))?;
    Ok(world.u32_at(OUT))
}

#[test]
fn offsets_move_with_reading_and_writing() {
    let mut world = World::new(&[]);
    let fd = world.open("a", CREAT, READ | WRITE).unwrap();
    assert_eq!(world.write(fd, b"hello "), Ok(6));
    assert_eq!(world.write(fd, b"world"), Ok(5));
    assert_eq!(world.tell(fd), Ok(11));
    assert_eq!(world.read(fd, 5).unwrap(), b"");
    assert_eq!(world.seek(fd, 6, SET), Ok(6));
    assert_eq!(world.read(fd, 3).unwrap(), b"wor");
    assert_eq!(world.read(fd, 30).unwrap(), b"ld");
    assert_eq!(world.seek(fd, -5, CUR), Ok(6));
    assert_eq!(world.write(fd, b"W"), Ok(1));
    assert_eq!(world.seek(fd, 0, SET), Ok(0));
    assert_eq!(world.read(fd, 30).unwrap(), b"hello World");
    // Another descriptor of the same file has an offset of its own.
    let other = world.open("a", 0, READ).unwrap();
    assert_eq!(world.read(other, 5).unwrap(), b"hello");
    assert_eq!(world.tell(fd), Ok(11));
}

#[test]
fn seeking_goes_anywhere_but_before_the_start() {
    let mut world = World::new(&["/file"]);
    let fd = world.open("file", 0, READ | WRITE).unwrap();
    let cases = [
        (0, END, Ok(5)),
        (-5, END, Ok(0)),
        (-6, END, Err(Errno::Inval)),
        (100, END, Ok(105)),
        (-5, CUR, Ok(100)),
        (-101, CUR, Err(Errno::Inval)),
        (0, CUR, Ok(100)),
        (-1, SET, Err(Errno::Inval)),
        (i64::MIN, SET, Err(Errno::Inval)),
        (i64::MIN, CUR, Err(Errno::Inval)),
        (i64::MAX, CUR, Err(Errno::Inval)),
        (i64::MAX, SET, Ok(i64::MAX.unsigned_abs())),
        (1, CUR, Err(Errno::Inval)),
        (0, 3, Err(Errno::Inval)),
        (0, u32::MAX, Err(Errno::Inval)),
        (7, SET, Ok(7)),
    ];
    for (offset, whence, expected) in cases {
        assert_eq!(
            world.seek(fd, offset, whence),
            expected,
            "{offset} {whence}"
        );
    }
    assert_eq!(world.tell(fd), Ok(7));
    // Reading behind the end gives nothing, writing there leaves a hole.
    assert_eq!(world.read(fd, 1).unwrap(), b"");
    assert_eq!(world.write(fd, b"x"), Ok(1));
    assert_eq!(world.tree.read("/file").unwrap(), b"/file\0\0x");
    let errors = [
        (0, Errno::Spipe),
        (1, Errno::Spipe),
        (ROOT, Errno::Isdir),
        (50, Errno::Badf),
    ];
    for (fd, errno) in errors {
        assert_eq!(world.seek(fd, 0, SET), Err(errno));
        assert_eq!(world.tell(fd), Err(errno));
    }
}

#[test]
fn appending_goes_to_the_end_whatever_the_offset() {
    let mut world = World::new(&["/file"]);
    let fd = world
        .open_at(ROOT, FOLLOW, "file", 0, READ | WRITE, APPEND)
        .unwrap();
    assert_eq!(world.tell(fd), Ok(0));
    assert_eq!(world.write(fd, b""), Ok(0));
    assert_eq!(world.tell(fd), Ok(0), "nothing written, nothing moved");
    assert_eq!(world.write(fd, b"12"), Ok(2));
    assert_eq!(world.tell(fd), Ok(7));
    world.seek(fd, 0, SET).unwrap();
    world.tree.append("/file", b"34", 0).unwrap();
    assert_eq!(world.write(fd, b"56"), Ok(2));
    assert_eq!(world.tree.read("/file").unwrap(), b"/file123456");
    // With an offset of its own a write goes there, as POSIX has it.
    assert_eq!(pwrite(&mut world, fd, b"F", 1), Ok(1));
    assert_eq!(world.tell(fd), Ok(11));
    assert_eq!(world.tree.read("/file").unwrap(), b"/File123456");
    // Turned off, writes go to the offset again.
    world
        .call(|descriptors, call| descriptors.fd_fdstat_set_flags(call, fd, 0))
        .unwrap();
    world.seek(fd, 0, SET).unwrap();
    world.write(fd, b"_").unwrap();
    assert_eq!(world.tree.read("/file").unwrap(), b"_File123456");
}

#[test]
fn several_buffers_are_one_transfer() {
    let mut world = World::new(&[]);
    let fd = world.open("a", CREAT, READ | WRITE).unwrap();
    world.put(DATA, b"0123456789");
    // Empty ones between do not matter.
    let count = world.vectors(&[0, 3, 0, 0, 5, 2, 0]);
    let effect = world
        .call(|descriptors, call| descriptors.fd_write(call, fd, VECTORS, count, OUT))
        .unwrap();
    assert!(matches!(effect, Effect::Done));
    assert_eq!(world.u32_at(OUT), 10);
    assert_eq!(world.tree.read("/a").unwrap(), b"0123456789");
    world.put(DATA, &[b'-'; 32]);
    assert_eq!(
        pread(&mut world, fd, &[1, 0, 4, 20], 2).unwrap(),
        b"23456789"
    );
    assert_eq!(world.bytes(DATA, 9), b"23456789-");
    assert_eq!(world.tell(fd), Ok(10), "the offset stayed");
    // More than the few that need no allocation.
    let many = [1; 100];
    assert_eq!(pread(&mut world, fd, &many, 0).unwrap(), b"0123456789");
}

#[test]
fn a_table_of_buffers_that_reading_overwrites_was_read_before() {
    let mut world = World::new(&[]);
    let fd = world.open("a", CREAT, READ | WRITE).unwrap();
    world.write(fd, &[0xff; 24]).unwrap();
    // Two buffers, the first of which is the table itself.
    let mut table = Vec::new();
    for (address, length) in [(VECTORS, 16_u32), (DATA, 8)] {
        table.extend(address.to_le_bytes());
        table.extend(length.to_le_bytes());
    }
    world.put(VECTORS, &table);
    world.put(DATA, &[0; 8]);
    let effect = world
        .call(|descriptors, call| descriptors.fd_pread(call, fd, VECTORS, 2, 0, OUT))
        .unwrap();
    assert!(matches!(effect, Effect::Done));
    assert_eq!(world.u32_at(OUT), 24);
    assert_eq!(world.bytes(DATA, 8), [0xff; 8]);
}

#[test]
fn reading_and_writing_need_their_rights() {
    let mut world = World::new(&["/file"]);
    let read = world.open("file", 0, READ).unwrap();
    let write = world.open("file", 0, WRITE).unwrap();
    let neither = world.open("file", 0, 0).unwrap();
    assert_eq!(world.write(read, b"x"), Err(Errno::Badf));
    assert_eq!(pwrite(&mut world, read, b"x", 0), Err(Errno::Badf));
    assert_eq!(world.read(write, 1), Err(Errno::Badf));
    assert_eq!(pread(&mut world, write, &[1], 0), Err(Errno::Badf));
    assert_eq!(world.read(neither, 1).unwrap(), b"/");
    assert_eq!(world.write(neither, b"x"), Err(Errno::Badf));
    let set_size = |world: &mut World, fd, size| {
        world.call(|descriptors, call| descriptors.fd_filestat_set_size(call, fd, size))
    };
    assert_eq!(set_size(&mut world, read, 1), Err(Errno::Inval));
    assert_eq!(set_size(&mut world, write, 1), Ok(()));
    let allocate = |world: &mut World, fd| {
        world.call(|descriptors, call| descriptors.fd_allocate(call, fd, 0, 10))
    };
    assert_eq!(allocate(&mut world, read), Err(Errno::Badf));
    assert_eq!(allocate(&mut world, write), Ok(()));
    assert_eq!(world.tree.read("/file").unwrap(), b"/\0\0\0\0\0\0\0\0\0");
}

#[test]
fn calls_on_directories_and_streams_say_what_they_are() {
    let mut world = World::new(&["/d/"]);
    let d = world.open("d", 0, READ).unwrap();
    assert_eq!(world.read(d, 1), Err(Errno::Isdir));
    assert_eq!(pread(&mut world, d, &[1], 0), Err(Errno::Isdir));
    assert_eq!(world.write(d, b"x"), Err(Errno::Badf));
    assert_eq!(pwrite(&mut world, d, b"x", 0), Err(Errno::Badf));
    for stream in [0, 1, 2] {
        assert_eq!(pread(&mut world, stream, &[1], 0), Err(Errno::Spipe));
        assert_eq!(pwrite(&mut world, stream, b"x", 0), Err(Errno::Spipe));
    }
    assert_eq!(world.read(1, 1), Err(Errno::Badf));
    assert_eq!(world.write(0, b"x"), Err(Errno::Badf));
    type Act = fn(&mut World, u32) -> Result<(), Errno>;
    let acts: [(Act, Errno, Errno); 5] = [
        (
            |w, fd| w.call(|d, call| d.fd_advise(call, fd, 0, 1, 0)),
            Errno::Badf,
            Errno::Spipe,
        ),
        (
            |w, fd| w.call(|d, call| d.fd_allocate(call, fd, 0, 1)),
            Errno::Isdir,
            Errno::Spipe,
        ),
        (
            |w, fd| w.call(|d, call| d.fd_filestat_set_size(call, fd, 1)),
            Errno::Isdir,
            Errno::Inval,
        ),
        (
            |w, fd| w.call(|d, call| d.fd_filestat_set_times(call, fd, 1, 1, 16)),
            Errno::Inval,
            Errno::Badf,
        ),
        (
            |w, fd| w.call(|d, call| d.fd_readdir(call, fd, DATA, u32::MAX, 0, OUT)),
            Errno::Fault,
            Errno::Badf,
        ),
    ];
    for (at, (act, directory, stream)) in acts.into_iter().enumerate() {
        assert_eq!(act(&mut world, d), Err(directory), "{at}");
        assert_eq!(act(&mut world, 1), Err(stream), "{at}");
        assert_eq!(act(&mut world, 60), Err(Errno::Badf), "{at}");
    }
    let sync = |world: &mut World, fd| world.call(|d, call| d.fd_sync(call, fd));
    assert_eq!(sync(&mut world, d), Ok(()));
    assert_eq!(sync(&mut world, 1), Err(Errno::Inval));
    assert_eq!(sync(&mut world, 60), Err(Errno::Badf));
    let data = |world: &mut World, fd| world.call(|d, call| d.fd_datasync(call, fd));
    assert_eq!(data(&mut world, d), Ok(()));
    assert_eq!(data(&mut world, 2), Err(Errno::Inval));
}

#[test]
fn advice_and_allocation_check_their_numbers() {
    let mut world = World::new(&["/file"]);
    let fd = world.open("file", 0, WRITE).unwrap();
    let mut advise = |offset, length, advice| {
        world.call(|descriptors, call| descriptors.fd_advise(call, fd, offset, length, advice))
    };
    for advice in 0..=5 {
        assert_eq!(advise(0, 0, advice), Ok(()));
    }
    assert_eq!(advise(0, 0, 6), Err(Errno::Inval));
    assert_eq!(advise(u64::MAX, 1, 0), Err(Errno::Inval));
    let mut allocate = |offset, length| {
        world.call(|descriptors, call| descriptors.fd_allocate(call, fd, offset, length))
    };
    assert_eq!(allocate(0, 0), Err(Errno::Inval));
    assert_eq!(allocate(u64::MAX, 1), Err(Errno::Fbig));
    assert_eq!(allocate(0, 1 << 39), Err(Errno::Nospc));
    assert_eq!(allocate(2, 1), Ok(()));
    assert_eq!(world.stat("file").unwrap().2, 5);
    let set_size = |world: &mut World, size| {
        world.call(|descriptors, call| descriptors.fd_filestat_set_size(call, fd, size))
    };
    assert_eq!(set_size(&mut world, u64::MAX), Err(Errno::Fbig));
    assert_eq!(set_size(&mut world, 1 << 40), Ok(()), "a hole is free");
    assert_eq!(world.stat("file").unwrap().2, 1 << 40);
    assert_eq!(set_size(&mut world, 0), Ok(()));
    assert_eq!(world.tree.usage().bytes, 0);
}

#[test]
fn a_removed_file_lives_until_it_is_closed() {
    let mut world = World::new(&["/file"]);
    let fd = world.open("file", 0, READ | WRITE).unwrap();
    let other = world.open("file", 0, READ).unwrap();
    world.unlink("file").unwrap();
    assert_eq!(world.stat("file"), Err(Errno::Noent));
    assert_eq!(world.write(fd, b"still"), Ok(5));
    assert_eq!(world.read(other, 9).unwrap(), b"still");
    // Another file of that name is another file.
    let new = world.open("file", CREAT, READ | WRITE).unwrap();
    world.write(new, b"new").unwrap();
    world.seek(other, 0, SET).unwrap();
    assert_eq!(world.read(other, 9).unwrap(), b"still");
    assert_eq!(world.tree.usage().bytes, 8);
    world.close(fd).unwrap();
    assert_eq!(world.tree.usage().bytes, 8);
    world.close(other).unwrap();
    assert_eq!(world.tree.usage().bytes, 3);
}

#[test]
fn devices_read_and_swallow() {
    let mut world = World::standard();
    let null = world.open("dev/null", CREAT | TRUNC, READ | WRITE).unwrap();
    assert_eq!(world.write(null, b"gone"), Ok(4));
    assert_eq!(world.read(null, 4).unwrap(), b"");
    let zero = world.open("dev/zero", 0, READ | WRITE).unwrap();
    world.put(DATA, b"xxxx");
    assert_eq!(world.read(zero, 4).unwrap(), b"\0\0\0\0");
    assert_eq!(world.write(zero, b"gone"), Ok(4));
    let random = world.open("dev/urandom", 0, READ).unwrap();
    let count = world.vectors(&[8, 8]);
    let effect = world
        .call(|descriptors, call| descriptors.fd_read(call, random, VECTORS, count, OUT))
        .unwrap();
    let Effect::Read {
        input: crate::wasi::Input::Random,
        limit: 16,
        reply,
    } = effect
    else {
        panic!("{effect:?}");
    };
    reply
        .complete(&mut world.memory, b"0123456789abcdef")
        .unwrap();
    assert_eq!(world.u32_at(OUT), 16);
    assert_eq!(world.bytes(DATA, 16), b"0123456789abcdef");
    let refused = world.call(|d, call| d.fd_allocate(call, null, 0, 1));
    assert_eq!(refused, Err(Errno::Notsup));
    let refused = world.call(|d, call| d.fd_filestat_set_size(call, null, 1));
    assert_eq!(refused, Err(Errno::Inval));
    assert_eq!(world.fdstat(null).unwrap().0, 2);
    assert_eq!(world.stat("dev/null").unwrap().0, 2);
}

#[test]
fn one_call_moves_no_more_than_its_bound() {
    let mut world = World::standard();
    world.memory = vec![7; 40 << 20];
    let zero = world.open("dev/zero", 0, READ).unwrap();
    let read = world.read(zero, 39 << 20).unwrap_or_else(|_| {
        // The buffer starts at DATA and must end within the memory.
        panic!("out of bounds")
    });
    assert_eq!(read.len(), 16 << 20);
    assert_eq!(world.bytes(DATA + (16 << 20), 1), [7]);
    let file = world.open("tmp/big", CREAT, READ | WRITE).unwrap();
    let count = world.vectors(&[39 << 20]);
    let effect = world
        .call(|descriptors, call| descriptors.fd_write(call, file, VECTORS, count, OUT))
        .unwrap();
    assert!(matches!(effect, Effect::Done));
    assert_eq!(world.u32_at(OUT), 16 << 20);
    assert_eq!(world.stat("tmp/big").unwrap().2, 16 << 20);
}

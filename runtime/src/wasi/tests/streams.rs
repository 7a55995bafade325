use super::{DATA, OUT, VECTORS, World};
use crate::wasi::call::{INPUT_BYTES, OUTPUT_BYTES};
use crate::wasi::{Effect, Errno, Input, Output};

fn write(world: &mut World, fd: u32, lengths: &[u32]) -> Result<Effect, Errno> {
    let count = world.vectors(lengths);
    world.call(|descriptors, call| descriptors.fd_write(call, fd, VECTORS, count, OUT))
}

fn read(world: &mut World, lengths: &[u32]) -> Result<Effect, Errno> {
    let count = world.vectors(lengths);
    world.call(|descriptors, call| descriptors.fd_read(call, 0, VECTORS, count, OUT))
}

#[test]
fn output_is_handed_to_the_engine() {
    let mut world = World::new(&[]);
    world.put(DATA, b"hello, world");
    for (fd, expected) in [(1, Output::Stdout), (2, Output::Stderr)] {
        let effect = write(&mut world, fd, &[5, 0, 7]).unwrap();
        let Effect::Write {
            output,
            bytes,
            reply,
        } = effect
        else {
            panic!("{effect:?}");
        };
        assert_eq!((output, &*bytes), (expected, &b"hello, world"[..]));
        reply.complete(&mut world.memory, 7).unwrap();
        assert_eq!(world.u32_at(OUT), 7, "a short write is told");
    }
}

#[test]
fn nothing_to_write_or_read_needs_no_engine() {
    let mut world = World::new(&[]);
    for lengths in [&[][..], &[0], &[0, 0, 0]] {
        world.put(OUT, &[0xee; 4]);
        assert!(matches!(write(&mut world, 1, lengths), Ok(Effect::Done)));
        assert_eq!(world.u32_at(OUT), 0);
        world.put(OUT, &[0xee; 4]);
        assert!(matches!(read(&mut world, lengths), Ok(Effect::Done)));
        assert_eq!(world.u32_at(OUT), 0);
    }
}

#[test]
fn what_is_moved_at_once_is_bounded() {
    let mut world = World::new(&[]);
    let large = 3 << 20;
    let Effect::Write { bytes, .. } = write(&mut world, 1, &[large]).unwrap() else {
        panic!("not a write");
    };
    assert_eq!(bytes.len(), OUTPUT_BYTES);
    let Effect::Read { limit, .. } = read(&mut world, &[large]).unwrap() else {
        panic!("not a read");
    };
    assert_eq!(limit, INPUT_BYTES);
}

#[test]
fn input_fills_the_buffers_in_order() {
    let cases: &[(&[u8], &[u8], u32)] = &[
        (b"", b"----------", 0),
        (b"a", b"a---------", 1),
        (b"abc", b"abc-------", 3),
        (b"abcdefg", b"abcdefg---", 7),
        // More than was asked for is not taken.
        (b"abcdefghij", b"abcdefg---", 7),
    ];
    for (input, expected, count) in cases {
        let mut world = World::new(&[]);
        world.put(DATA, b"----------");
        let effect = read(&mut world, &[3, 0, 4]).unwrap();
        let Effect::Read {
            input: Input::Stdin,
            limit: 7,
            reply,
        } = effect
        else {
            panic!("{effect:?}");
        };
        reply.complete(&mut world.memory, input).unwrap();
        assert_eq!(world.bytes(DATA, 10), *expected);
        assert_eq!(world.u32_at(OUT), *count);
    }
}

#[test]
fn closed_streams_are_bad_descriptors() {
    let mut world = World::new(&[]);
    for fd in [0, 1, 2] {
        world.close(fd).unwrap();
    }
    assert_eq!(read(&mut world, &[1]).map(drop), Err(Errno::Badf));
    assert_eq!(write(&mut world, 1, &[1]).map(drop), Err(Errno::Badf));
    assert_eq!(write(&mut world, 2, &[0]).map(drop), Err(Errno::Badf));
    // A file that is opened then takes the free number, as in every POSIX shell.
    assert_eq!(world.open("out", super::CREAT, super::WRITE), Ok(0));
}

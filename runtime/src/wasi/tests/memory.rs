//! Every address and length that a guest can get wrong.

use super::{CREAT, DATA, FOLLOW, MEMORY, OUT, PATH, READ, ROOT, VECTORS, WRITE, World};
use crate::wasi::memory::Vectors;
use crate::wasi::{Call, Descriptors, Errno};

const END: u32 = 0x40_0000;

/// Addresses at which not even one byte, or not all of a record, is there.
const OUTSIDE: [u32; 4] = [END, END + 1, u32::MAX, u32::MAX - 3];

/// Addresses and lengths.
type Buffers<'a> = &'a [(u32, u32)];

type Act = fn(&mut Descriptors, &mut Call<'_>, u32) -> Result<(), Errno>;

#[test]
fn results_outside_of_memory_are_faults_and_nothing_happens() {
    assert_eq!(END as usize, MEMORY);
    // Each writes a result to the address; how long it is.
    let calls: &[(Act, u32)] = &[
        (|d, c, at| d.fd_fdstat_get(c, ROOT, at), 24),
        (|d, c, at| d.fd_fdstat_get(c, 1, at), 24),
        (|d, c, at| d.fd_filestat_get(c, ROOT, at), 64),
        (|d, c, at| d.fd_filestat_get(c, 0, at), 64),
        (|d, c, at| d.fd_prestat_get(c, ROOT, at), 8),
        (|d, c, at| d.fd_prestat_dir_name(c, ROOT, at, 1), 1),
        (|d, c, at| d.fd_tell(c, 4, at), 8),
        (|d, c, at| d.fd_seek(c, 4, 1, 0, at), 8),
        (|d, c, at| d.fd_read(c, 4, VECTORS, 1, at).map(drop), 4),
        (|d, c, at| d.fd_read(c, 0, VECTORS, 1, at).map(drop), 4),
        (|d, c, at| d.fd_pread(c, 4, VECTORS, 1, 0, at).map(drop), 4),
        (|d, c, at| d.fd_write(c, 4, VECTORS, 1, at).map(drop), 4),
        (|d, c, at| d.fd_write(c, 1, VECTORS, 1, at).map(drop), 4),
        (|d, c, at| d.fd_pwrite(c, 4, VECTORS, 1, 0, at), 4),
        (|d, c, at| d.fd_readdir(c, ROOT, DATA, 100, 0, at), 4),
        (
            |d, c, at| d.path_filestat_get(c, ROOT, FOLLOW, PATH, 4, at),
            64,
        ),
        (
            |d, c, at| d.path_open(c, ROOT, 0, PATH, 3, CREAT, WRITE, 0, 0, at),
            4,
        ),
        (
            |d, c, at| d.path_readlink(c, ROOT, PATH + 8, 4, DATA, 9, at),
            4,
        ),
        (
            |d, c, at| d.path_readlink(c, ROOT, PATH + 8, 4, at, 9, OUT),
            9,
        ),
        (|d, c, at| d.poll_oneoff(c, DATA, OUT, 1, at).map(drop), 4),
        (|d, c, at| d.poll_oneoff(c, DATA, at, 1, OUT).map(drop), 32),
    ];
    for (number, (act, length)) in calls.iter().enumerate() {
        let mut world = World::new(&["/file", "/link -> file"]);
        world.open("file", 0, READ | WRITE).unwrap();
        world.put(PATH, b"file    link");
        world.vectors(&[4]);
        let before = (world.tree.usage(), world.memory.clone());
        for at in OUTSIDE.into_iter().chain([END - length + 1]) {
            let result = world.call(|descriptors, call| act(descriptors, call, at));
            assert_eq!(result, Err(Errno::Fault), "call {number} at {at:#x}");
        }
        assert_eq!(world.tree.usage(), before.0, "call {number}");
        assert_eq!(world.descriptors.open_count(), 5, "call {number}");
        assert!(world.memory == before.1, "call {number}");
        assert_eq!(world.tell(4), Ok(0), "call {number}");
        let result = world.call(|descriptors, call| act(descriptors, call, END - length));
        assert_eq!(result, Ok(()), "call {number} where it just fits");
    }
}

#[test]
fn arguments_outside_of_memory_are_faults() {
    // Each takes bytes from the address, at least one.
    let calls: &[Act] = &[
        |d, c, at| d.fd_read(c, 4, at, 1, OUT).map(drop),
        |d, c, at| d.fd_pread(c, 4, at, 1, 0, OUT).map(drop),
        |d, c, at| d.fd_write(c, 4, at, 1, OUT).map(drop),
        |d, c, at| d.fd_pwrite(c, 4, at, 1, 0, OUT),
        |d, c, at| d.path_create_directory(c, ROOT, at, 4),
        |d, c, at| d.path_filestat_get(c, ROOT, 0, at, 4, OUT),
        |d, c, at| d.path_filestat_set_times(c, ROOT, 0, at, 4, 0, 0, 0),
        |d, c, at| d.path_link(c, ROOT, 0, at, 4, ROOT, PATH, 1),
        |d, c, at| d.path_link(c, ROOT, 0, PATH, 4, ROOT, at, 4),
        |d, c, at| d.path_open(c, ROOT, 0, at, 4, CREAT, 0, 0, 0, OUT),
        |d, c, at| d.path_readlink(c, ROOT, at, 4, DATA, 9, OUT),
        |d, c, at| d.path_remove_directory(c, ROOT, at, 4),
        |d, c, at| d.path_rename(c, ROOT, at, 4, ROOT, PATH, 1),
        |d, c, at| d.path_rename(c, ROOT, PATH, 4, ROOT, at, 4),
        |d, c, at| d.path_symlink(c, at, 4, ROOT, PATH, 1),
        |d, c, at| d.path_symlink(c, PATH, 4, ROOT, at, 4),
        |d, c, at| d.path_unlink_file(c, ROOT, at, 4),
        |d, c, at| d.poll_oneoff(c, at, OUT, 1, DATA).map(drop),
    ];
    let mut world = World::new(&["/file"]);
    world.open("file", 0, READ | WRITE).unwrap();
    world.put(PATH, b"file");
    for (number, act) in calls.iter().enumerate() {
        for at in OUTSIDE.into_iter().chain([END - 3]) {
            let result = world.call(|descriptors, call| act(descriptors, call, at));
            assert_eq!(result, Err(Errno::Fault), "call {number} at {at:#x}");
        }
    }
    assert_eq!(world.tree.usage().entries, 1);
    assert_eq!(world.tree.read("/file").unwrap(), b"/file");
}

#[test]
fn paths_of_any_length_are_checked() {
    let mut world = World::new(&[]);
    for (length, errno) in [
        (u32::MAX, Errno::Fault),
        (END, Errno::Fault),
        (END - PATH, Errno::Nametoolong),
        (4097, Errno::Nametoolong),
        (0, Errno::Noent),
    ] {
        let result = world.call(|d, call| d.path_create_directory(call, ROOT, PATH, length));
        assert_eq!(result, Err(errno), "{length}");
    }
}

#[test]
fn tables_of_buffers_are_bounded() {
    let table = |buffers: &[(u32, u32)]| {
        let mut memory = vec![0; 1 << 16];
        let bytes: Vec<u8> = buffers
            .iter()
            .flat_map(|(address, length)| [address.to_le_bytes(), length.to_le_bytes()])
            .flatten()
            .collect();
        memory[..bytes.len()].copy_from_slice(&bytes);
        memory
    };
    let read = |memory: &[u8], count| Vectors::read(memory, 0, count).map(|v| v.total());
    let cases: &[(Buffers<'_>, Result<usize, Errno>)] = &[
        (&[], Ok(0)),
        (&[(0, 0)], Ok(0)),
        (&[(0, 10), (65_535, 1)], Ok(11)),
        (&[(65_536, 1)], Err(Errno::Fault)),
        (&[(65_535, 2)], Err(Errno::Fault)),
        (&[(u32::MAX, 1)], Err(Errno::Fault)),
        (&[(1, u32::MAX)], Err(Errno::Fault)),
        (&[(u32::MAX, u32::MAX)], Err(Errno::Fault)),
        // An empty buffer may point anywhere.
        (&[(u32::MAX, 0), (0, 3)], Ok(3)),
    ];
    for (buffers, expected) in cases {
        let count = u32::try_from(buffers.len()).unwrap();
        assert_eq!(read(&table(buffers), count), *expected, "{buffers:?}");
    }
    let whole = vec![(0, 65_536); 1024];
    assert_eq!(read(&table(&whole), 1024), Ok(1 << 26));
    assert_eq!(read(&table(&whole), 1025), Err(Errno::Inval));
    assert_eq!(read(&table(&whole), 1 << 20), Err(Errno::Inval));
    assert_eq!(read(&table(&whole), u32::MAX), Err(Errno::Inval));
    assert_eq!(read(&[0; 100], 13), Err(Errno::Fault), "the table itself");
    // More in all than the guest's size type can tell.
    let mut large = vec![0; 4 << 20];
    for at in 0..1024_usize {
        large[at * 8 + 4..at * 8 + 8].copy_from_slice(&(4_u32 << 20).to_le_bytes());
    }
    assert_eq!(read(&large, 511), Ok(511 << 22));
    assert_eq!(read(&large, 512), Err(Errno::Inval));
    assert_eq!(read(&large, 1024), Err(Errno::Inval));
}

use super::{Dice, storage};
use crate::files::contents::{Contents, Residence};
use crate::files::spill::{CHUNK_BYTES, Storage};

const CHUNK: u64 = CHUNK_BYTES as u64;

fn residence(storage: &Storage, chunks: u64) -> Residence<'_> {
    Residence {
        storage,
        chunks,
        bytes: u64::MAX,
    }
}

fn all(contents: &Contents) -> Vec<u8> {
    let size = usize::try_from(contents.size()).unwrap();
    let mut bytes = vec![0xee; size + 7];
    assert_eq!(contents.read(0, &mut bytes).unwrap(), size);
    bytes.truncate(size);
    bytes
}

#[test]
fn holes_cost_nothing_and_read_as_zeros() {
    let storage = storage();
    let here = residence(&storage, 16);
    let mut contents = Contents::default();
    contents.write(1 << 40, b"far", here).unwrap();
    assert_eq!(contents.size(), (1 << 40) + 3);
    assert_eq!(contents.allocated(), 3);
    let mut bytes = [0xee; 5];
    assert_eq!(contents.read((1 << 40) - 2, &mut bytes).unwrap(), 5);
    assert_eq!(&bytes, b"\0\0far");
    assert_eq!(contents.read((1 << 40) + 3, &mut bytes).unwrap(), 0);
    assert_eq!(contents.read(u64::MAX, &mut bytes).unwrap(), 0);
}

/// (writes as (offset, length), growth of one more write, as (offset, length, growth))
type Growth = (&'static [(u64, usize)], (u64, u64, u64));

#[test]
fn growth_is_told_exactly() {
    let cases: &[Growth] = &[
        (&[], (0, 0, 0)),
        (&[], (0, 10, 10)),
        // A chunk counts from its start.
        (&[], (100, 10, 110)),
        (&[], (CHUNK + 5, 5, 10)),
        (&[(0, 10)], (0, 10, 0)),
        (&[(0, 10)], (5, 10, 5)),
        (&[(0, 10)], (20, 1, 11)),
        // Up to the end of one chunk and into the next.
        (&[(0, 10)], (CHUNK - 1, 2, CHUNK - 10 + 1)),
        (
            &[(0, 10)],
            (CHUNK - 1, 2 * CHUNK, CHUNK - 10 + 2 * CHUNK - 1),
        ),
        (&[(CHUNK, 10)], (0, 3 * CHUNK, 3 * CHUNK - 10)),
    ];
    let storage = storage();
    for (writes, (offset, length, growth)) in cases {
        for chunks in [0, 16] {
            let here = residence(&storage, chunks);
            let mut contents = Contents::default();
            for (offset, length) in *writes {
                contents.write(*offset, &vec![1; *length], here).unwrap();
            }
            assert_eq!(contents.growth(*offset, *length), *growth);
            let before = contents.allocated();
            let data = vec![2; usize::try_from(*length).unwrap()];
            contents.write(*offset, &data, here).unwrap();
            assert_eq!(contents.allocated() - before, *growth);
        }
    }
}

#[test]
fn allocation_fills_holes_and_keeps_what_is_there() {
    let storage = storage();
    for chunks in [0, 16] {
        let here = residence(&storage, chunks);
        let mut contents = Contents::default();
        contents.write(CHUNK + 100, b"here", here).unwrap();
        contents.allocate(50, 3 * CHUNK, here).unwrap();
        assert_eq!(contents.size(), 3 * CHUNK + 50);
        assert_eq!(contents.allocated(), 3 * CHUNK + 50);
        assert_eq!(contents.growth(50, 3 * CHUNK), 0);
        let mut expected = vec![0; 3 * CHUNK_BYTES + 50];
        expected[CHUNK_BYTES + 100..CHUNK_BYTES + 104].copy_from_slice(b"here");
        assert_eq!(all(&contents), expected);
        contents.allocate(0, 10, here).unwrap();
        assert_eq!(contents.size(), 3 * CHUNK + 50, "it never cuts");
    }
}

#[test]
fn cutting_frees_and_extending_shows_zeros() {
    let storage = storage();
    for chunks in [0, 1, 16] {
        let here = residence(&storage, chunks);
        let mut contents = Contents::default();
        contents.write(0, &vec![7; 3 * CHUNK_BYTES], here).unwrap();
        for (size, allocated) in [
            (2 * CHUNK + 1, 2 * CHUNK + 1),
            (2 * CHUNK, 2 * CHUNK),
            (CHUNK - 1, CHUNK - 1),
            (5 * CHUNK, CHUNK - 1),
            (CHUNK, CHUNK - 1),
            (1, 1),
            (0, 0),
        ] {
            contents.set_size(size);
            assert_eq!((contents.size(), contents.allocated()), (size, allocated));
            let kept = usize::try_from(allocated).unwrap();
            let bytes = all(&contents);
            assert!(bytes[..kept].iter().all(|byte| *byte == 7));
            assert!(bytes[kept..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(contents.resident(), 0);
    }
}

#[test]
fn behaves_as_a_vector_whatever_is_on_disk() {
    let storage = storage();
    let mut dice = Dice(99);
    for chunks in [0, 2, 16] {
        let mut copies = vec![(Contents::default(), Vec::<u8>::new())];
        for step in 0..600_u64 {
            let at = dice.size(copies.len());
            if dice.below(20) == 0 {
                let copy = copies[at].clone();
                copies.push(copy);
                if copies.len() > 4 {
                    copies.remove(0);
                }
                continue;
            }
            let (contents, model) = &mut copies[at];
            let offset = dice.size(5 * CHUNK_BYTES);
            let here = residence(&storage, chunks);
            match dice.below(4) {
                0 => {
                    contents.set_size(offset as u64);
                    model.resize(offset, 0);
                }
                1 => {
                    let length = dice.size(CHUNK_BYTES) + 1;
                    contents
                        .allocate(offset as u64, length as u64, here)
                        .unwrap();
                    model.resize(model.len().max(offset + length), 0);
                }
                _ => {
                    let limit = *dice.one_of(&[8, 600, 3 * CHUNK_BYTES]);
                    let data = vec![u8::try_from(step % 255).unwrap() + 1; dice.size(limit)];
                    contents.write(offset as u64, &data, here).unwrap();
                    if !data.is_empty() {
                        model.resize(model.len().max(offset + data.len()), 0);
                        model[offset..offset + data.len()].copy_from_slice(&data);
                    }
                }
            }
            assert_eq!(contents.size(), model.len() as u64);
        }
        for (contents, model) in &copies {
            assert!(
                all(contents) == *model,
                "contents differ with {chunks} chunks in memory"
            );
        }
    }
}

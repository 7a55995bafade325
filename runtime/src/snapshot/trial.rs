//! The format by itself, over a made-up guest: for golden files and fuzzing.

use std::sync::Arc;

use crate::engine::GlobalValue;
use crate::error::{Error, Result, SnapshotFault};
use crate::files::{Library, Storage};
use crate::snapshot::load::{Body, Ground, Grounds, Loading, Unloaded};
use crate::snapshot::save::write_body;
use crate::snapshot::{Key, Snapshot};

/// A guest of two WebAssembly pages and two globals.
fn ground() -> Ground {
    Ground {
        memory_bytes: 2 * 65_536,
        globals: vec![GlobalValue::I32(0), GlobalValue::F64(0)],
        library: Arc::new(Library::new("/nowhere").identified("made-up")),
    }
}

type Fallible<T> = std::result::Result<T, SnapshotFault>;

fn read(body: &[u8], storage: &Storage) -> Fallible<Snapshot> {
    let loading = Loading {
        key: &Key::known(),
        storage,
        mounts: &[],
        programs: &[],
    };
    let mut body = Body { input: body };
    let head = body.head()?;
    if head.contexts.iter().any(|saved| saved.image.is_some()) {
        return Err(SnapshotFault::Malformed {
            detail: "here is one guest only".to_owned(),
        });
    }
    let grounds = Grounds {
        own: ground(),
        others: head.contexts.iter().map(|_| None).collect(),
    };
    let read = body.rest(head, grounds, &loading);
    read.map_err(|unloaded| match unloaded {
        Unloaded::Fault(fault) => fault,
        Unloaded::Other(error) => SnapshotFault::Malformed {
            detail: error.to_string(),
        },
    })
}

/// Reads what follows the prefix of a snapshot file, over a made-up guest, and
/// writes it again. Pages go to a file in the system's temporary folder.
///
/// # Errors
/// What is wrong with it; [`Error::Bug`] when what was read cannot be written.
pub fn reread(body: &[u8]) -> Result<Fallible<Vec<u8>>> {
    let storage = Storage::new(std::env::temp_dir());
    let snapshot = match read(body, &storage) {
        Ok(snapshot) => snapshot,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut again = Vec::new();
    write_body(&snapshot.inner, &mut again).map_err(|error| Error::bug(format!("{error:?}")))?;
    Ok(Ok(again))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    use sandcell_sys::{PAGE_BYTES, PageRun};

    use super::*;
    use crate::determinism::Determinism;
    use crate::engine::{ClockReading, GuestState, SavedPages, Sharing};
    use crate::files::{FileLimits, LIBRARY_PATH, StashWriter, Tree};
    use crate::id::{ContextId, SandboxId, SnapshotId};
    use crate::limits::Limits;
    use crate::snapshot::Inner;
    use crate::snapshot::digest::{PREFIX_BYTES, Prefix, prefix_of};
    use crate::wasi::Descriptors;
    use crate::worker::Start;

    /// A file of version 1 as it was first written, in hexadecimal digits. Never
    /// changed: files like it are on people's disks. A member that comes to the
    /// head later has a default.
    fn golden() -> Vec<u8> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/snapshot/golden/version_1.hex"
        );
        let mut digits = std::fs::read(path).unwrap();
        digits.retain(u8::is_ascii_hexdigit);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
    }

    fn storage() -> Storage {
        Storage::new(std::env::temp_dir())
    }

    fn tree(storage: &Storage) -> Tree {
        let limits = FileLimits {
            bytes: 1 << 20,
            entries: 100,
            ..FileLimits::default()
        };
        let mut tree = Tree::new(limits, storage.clone(), 1);
        tree.make_dirs(LIBRARY_PATH, 2).unwrap();
        tree.make_dirs("/home/user/empty", 3).unwrap();
        tree.write("/home/user/notes", b"kept", 4).unwrap();
        tree.symlink("notes", "/home/user/link", 5).unwrap();
        tree.mount(LIBRARY_PATH, ground().library).unwrap();
        tree
    }

    /// Standard streams, then the file at offset 2, for reading and writing.
    fn descriptors(tree: &mut Tree) -> Descriptors {
        let inode = tree.stat("/home/user/notes").unwrap().id.inode();
        let mut bytes = b"sc-descr".to_vec();
        for number in [1_u32, 16, 4] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(inode.to_le_bytes());
        bytes.extend(2_u64.to_le_bytes());
        bytes.extend([3, 0, 0, 0]);
        Descriptors::load(&mut &*bytes, 16, tree).unwrap()
    }

    fn state(storage: &Storage, tree: &mut Tree) -> GuestState {
        let run = |first, count| PageRun { first, count };
        let mut writer = StashWriter::new(storage);
        for page in 1..=3_u8 {
            // Short lines of digits, and not all the same.
            let mut bytes = [0; PAGE_BYTES];
            bytes[usize::from(page)] = page;
            writer.write(&bytes).unwrap();
        }
        GuestState {
            memory_bytes: 3 * 65_536,
            over: None,
            pages: SavedPages::new(&[run(1, 2), run(47, 1)], Arc::new(writer.finish().unwrap())),
            hides: Vec::new(),
            globals: vec![GlobalValue::I32(-5), GlobalValue::F64(1.5_f64.to_bits())],
            descriptors: descriptors(tree),
            clocks: ClockReading {
                monotonic_ns: 9_000_000,
                passed_ns: 1_000,
            },
            random: Some((4, 8)),
            sharing: Sharing::default(),
        }
    }

    fn sample(storage: &Storage) -> Inner {
        let mut tree = tree(storage);
        let state = state(storage, &mut tree);
        tree.forget_holders();
        let id = |digit: char| ContextId::parse(&digit.to_string().repeat(32)).unwrap();
        let fresh = Start::default();
        let ran = Start {
            state: Some(Arc::new(state)),
            after: 7,
            ..Start::default()
        };
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(3);
        Inner {
            id: SnapshotId::parse(&"a".repeat(32)).unwrap(),
            sandbox: SandboxId::parse(&"b".repeat(32)).unwrap(),
            created: start,
            image: ("made-up".to_owned(), "its id".to_owned()),
            environment: BTreeMap::from([("NAME".to_owned(), "value".to_owned())]),
            limits: Limits {
                fuel: Some(1000),
                contexts: 2,
                ..Limits::default()
            },
            determinism: Some(Determinism { seed: 9, start }),
            first: id('1'),
            contexts: vec![(id('1'), ran), (id('2'), fresh)],
            tree,
            key: Key::known(),
            unnamed: std::sync::OnceLock::new(),
            ended_commands: Vec::new(),
        }
    }

    #[test]
    fn files_of_version_1_are_read_and_written_as_ever() {
        let storage = storage();
        let mut written = Vec::new();
        write_body(&sample(&storage), &mut written).unwrap();
        let prefix = prefix_of(&mut &*written, &Key::known()).unwrap();
        let bytes = [&prefix.to_bytes()[..], &written].concat();
        assert!(
            bytes == golden(),
            "it is written otherwise: {}",
            hex(&bytes)
        );
        assert_eq!(Prefix::read(&mut &*bytes, bytes.len() as u64), Ok(prefix));
        assert!(reread(&written).unwrap().unwrap() == written, "and read");
    }

    fn hex(bytes: &[u8]) -> String {
        let lines = bytes.chunks(32).map(|line| {
            let digits = line.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>() + "\n"
        });
        lines.collect()
    }

    #[test]
    fn what_was_written_is_there_when_it_is_read() {
        let golden = golden();
        let storage = storage();
        let snapshot = read(&golden[PREFIX_BYTES..], &storage).unwrap();
        let (inner, expected) = (&snapshot.inner, sample(&storage));
        assert_eq!(inner.limits, expected.limits);
        assert_eq!(inner.environment, expected.environment);
        assert_eq!(inner.tree.read("/home/user/link").unwrap(), b"kept");
        assert_eq!(inner.contexts[0].1.after, 7);
        let state = inner.contexts[0].1.state.as_ref().unwrap();
        let [_, piece] = state.pages.pieces() else {
            panic!("{:?}", state.pages);
        };
        assert_eq!(state.memory_bytes, 3 * 65_536);
        let mut page = [0; PAGE_BYTES];
        state.pages.read(piece, 0, &mut page).unwrap();
        assert_eq!(page[3], 3);
        assert_eq!(state.descriptors.open_count(), 4);
        assert!(inner.contexts[1].1.state.is_none());
    }

    /// The head of the golden file, changed, before what follows it.
    fn with_head(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let golden = golden();
        let body = &golden[PREFIX_BYTES..];
        let len = u32::from_le_bytes(body[..4].try_into().unwrap()) as usize;
        let mut head = serde_json::from_slice(&body[4..4 + len]).unwrap();
        change(&mut head);
        let head = serde_json::to_vec(&head).unwrap();
        let len = u32::try_from(head.len()).unwrap().to_le_bytes();
        let rest = &body[4 + u32::from_le_bytes(body[..4].try_into().unwrap()) as usize..];
        [&len[..], &head, rest].concat()
    }

    #[test]
    fn forged_contents_are_refused_though_the_digest_were_right() {
        use serde_json::json;
        let set = |pointer: &'static str, value: serde_json::Value| {
            move |head: &mut serde_json::Value| *head.pointer_mut(pointer).unwrap() = value.clone()
        };
        let state = "/contexts/0/state";
        let runs = "/contexts/0/state/runs";
        let cases: Vec<(&'static str, serde_json::Value)> = vec![
            (runs, json!([[47, 1], [1, 2]])),
            (runs, json!([[1, 2], [2, 1]])),
            (runs, json!([[1, 2], [3, 1]])),
            (runs, json!([[1, 0], [5, 3]])),
            (runs, json!([[1, 2], [48, 1]])),
            (runs, json!([[1, 2], [u32::MAX, u32::MAX]])),
            (runs, json!([[1, 3], [47, 1]])),
            (runs, json!([[1, 1], [47, 1]])),
            ("/contexts/0/state/memory_bytes", json!(65_536)),
            ("/contexts/0/state/memory_bytes", json!(3 * 65_536 + 1)),
            ("/contexts/0/state/memory_bytes", json!(1_u64 << 60)),
            ("/contexts/0/state/globals", json!([{"I32": 1}])),
            ("/contexts/0/state/globals", json!([{"I64": 1}, {"F64": 1}])),
            (
                "/contexts/0/state/globals",
                json!([{"I32": 1}, {"F64": 1}, {"I32": 1}]),
            ),
            ("/contexts/1/id", json!("1".repeat(32))),
            ("/contexts/1/id", json!("../../../../../../etc/passwd")),
            ("/first", json!("3".repeat(32))),
            ("/id", json!("A".repeat(32))),
            ("/limits/contexts", json!(1)),
            ("/limits/contexts", json!(0)),
            ("/limits/memory_bytes", json!(1_u64 << 33)),
            ("/limits/file_bytes", json!(1)),
            (state, json!({})),
            (state, json!(null)),
        ];
        for (pointer, value) in cases {
            let found = reread(&with_head(set(pointer, value.clone()))).unwrap();
            assert!(found.is_err(), "{pointer} = {value}");
        }
        let more = reread(&with_head(|head| head["more"] = json!(1))).unwrap();
        assert!(more.is_err(), "a member that nobody knows");
        assert!(reread(&with_head(|_| {})).unwrap().is_ok());
        let huge = [&u32::MAX.to_le_bytes()[..], b"{}"].concat();
        assert!(reread(&huge).unwrap().is_err());
        let body = &golden()[PREFIX_BYTES..];
        assert!(reread(&[body, b"x"].concat()).unwrap().is_err());
        for len in (0..body.len()).step_by(97) {
            assert!(reread(&body[..len]).unwrap().is_err(), "{len}");
        }
    }
}

//! The bodies of the fuzz targets, on stable: over the corpus, and over changes
//! of it that are the same in each run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a body that finds something else than it expects has failed"
)]

#[path = "../fuzz/bodies/envelopes.rs"]
mod envelopes;
#[path = "../fuzz/bodies/forms.rs"]
mod forms;
#[path = "../fuzz/bodies/frames.rs"]
mod frames;
#[path = "../fuzz/bodies/lines.rs"]
mod lines;
#[path = "../fuzz/bodies/paths.rs"]
mod paths;
#[path = "../fuzz/bodies/saved_files.rs"]
mod saved_files;
#[path = "../fuzz/bodies/shell.rs"]
mod shell;
#[path = "../fuzz/bodies/signed_urls.rs"]
mod signed_urls;
#[path = "../fuzz/bodies/snapshot.rs"]
mod snapshot;

use std::path::{Path, PathBuf};

use sandcell::files::{FileLimits, Standard, Storage, Tree};

/// Changes of each seed.
const ROUNDS: u64 = 4000;

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }
}

/// Changes of `seed`: bytes flipped, cut out, doubled, mixed with `other`.
fn changed(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let (from, to) = (dice.below(bytes.len()), dice.below(bytes.len()));
        let part = from.min(to)..from.max(to);
        match dice.below(5) {
            0 if !bytes.is_empty() => bytes[from] ^= 1 << dice.below(8),
            1 => drop(bytes.drain(part)),
            2 => bytes.splice(to..to, bytes[part].to_vec()).for_each(drop),
            3 if !other.is_empty() => {
                let (a, b) = (dice.below(other.len()), dice.below(other.len()));
                let taken = other[a.min(b)..a.max(b)].to_vec();
                bytes.splice(to..to, taken).for_each(drop);
            }
            _ if !bytes.is_empty() => bytes[to] = b"/.\t\na\0\xff"[dice.below(7)],
            _ => {}
        }
    }
    bytes.truncate(1 << 16);
    bytes
}

fn run(seeds: &[Vec<u8>], body: impl Fn(&[u8])) {
    let mut dice = Dice(0x5eed);
    for seed in seeds {
        body(seed);
        for _ in 0..ROUNDS {
            let other = dice.below(seeds.len());
            body(&changed(seed, &seeds[other], &mut dice));
        }
    }
}

/// The seeds of a target, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &PathBuf| std::fs::read(path).unwrap();
    let seeds: Vec<_> = files.iter().map(read).collect();
    assert!(seeds.len() >= 6);
    seeds
}

#[test]
fn envelopes() {
    run(&corpus("envelopes"), envelopes::body);
}

#[test]
fn forms() {
    run(&corpus("forms"), forms::body);
}

#[test]
fn frames() {
    run(&corpus("frames"), frames::body);
}

#[test]
fn lines() {
    run(&corpus("lines"), lines::body);
}

#[test]
fn signed_urls() {
    signed_urls::check_signed();
    let seeds = signed_urls::signed();
    let seeds: Vec<_> = seeds.into_iter().map(String::into_bytes).collect();
    run(&seeds, signed_urls::body);
    run(&corpus("signed_urls"), signed_urls::body);
}

#[test]
fn paths() {
    run(&corpus("paths"), paths::body);
}

#[test]
fn saved_files() {
    let storage = Storage::with_capacity("/nowhere", 0);
    let mut small = Tree::new(FileLimits::default(), storage.clone(), 1);
    small.make_dirs("/a/b", 1).unwrap();
    small.write("/a/file", b"text", 2).unwrap();
    small.symlink("../file", "/a/b/link", 3).unwrap();
    let standard = Standard::default();
    let whole = Tree::standard(&standard, FileLimits::default(), storage, 1).unwrap();
    let seeds: Vec<Vec<u8>> = [small, whole]
        .iter()
        .map(|tree| {
            let mut bytes = Vec::new();
            tree.save(&mut bytes).unwrap();
            bytes
        })
        .collect();
    run(&seeds, saved_files::body);
}

#[test]
fn shell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-langs/shell/tests/language");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        // Neighbours together: changes mix what stands in one seed.
        let scripts: Vec<&str> = text.split("\n%%\n").collect();
        seeds.extend(scripts.chunks(12).map(|some| some.join("\n").into_bytes()));
    }
    assert!(seeds.len() >= 20);
    run(&seeds, shell::body);
}

#[test]
fn snapshot() {
    // The corpus is text: what follows the prefix of the golden file, and short
    // ones, in hexadecimal digits.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("runtime/src/snapshot/golden/version_1.hex");
    let digits = std::fs::read_to_string(golden).unwrap();
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let whole: Vec<u8> = digits.chunks(2).skip(56).map(byte).collect();
    assert!(matches!(
        sandcell::conformance::reread(&whole),
        Ok(Ok(again)) if again == whole
    ));
    // Without its pages, most changes hit what is parsed.
    let short = whole[..whole.len() - 3 * 4096].to_vec();
    run(&[whole, short], snapshot::body);
}

//! Sections that say what no tree is, each by one change of a good one.

use super::storage;
use crate::files::quota::FileLimits;
use crate::files::saved::{SavedError, Sink};
use crate::files::tree::Tree;

/// One entry: number, cookie, name.
type Entry = (u64, u64, &'static str);

/// A node as the section has it, with fields to make wrong.
#[derive(Debug, Clone)]
struct Draft {
    inode: u64,
    kind: u8,
    flags: u8,
    mode: u32,
    links: u32,
    home: (u64, &'static str),
    notes: Vec<(&'static str, &'static str)>,
    next_cookie: u64,
    entries: Vec<Entry>,
    size: u64,
    chunks: Vec<(u64, u32)>,
    target: &'static str,
}

impl Draft {
    fn new(inode: u64, kind: u8, home: (u64, &'static str)) -> Self {
        Self {
            inode,
            kind,
            flags: 0,
            mode: 0o644,
            links: 1,
            home,
            notes: Vec::new(),
            next_cookie: 10,
            entries: Vec::new(),
            size: 5,
            chunks: vec![(0, 5)],
            target: "target",
        }
    }

    fn write(&self, sink: &mut Sink<'_>) -> Result<(), SavedError> {
        sink.u64(self.inode)?;
        sink.u8(self.kind)?;
        sink.u8(self.flags)?;
        for field in [self.mode, 0, 0, self.links] {
            sink.u32(field)?;
        }
        for time in [1, 2, 3, self.home.0] {
            sink.u64(time)?;
        }
        sink.text(self.home.1)?;
        if self.flags & 2 != 0 {
            sink.u32(u32::try_from(self.notes.len()).unwrap())?;
            for (name, value) in &self.notes {
                sink.long_text(name)?;
                sink.long_text(value)?;
            }
        }
        match self.kind {
            1 => {
                sink.u64(self.size)?;
                sink.u64(self.chunks.len() as u64)?;
                for (index, length) in &self.chunks {
                    sink.u64(*index)?;
                    sink.u32(*length)?;
                    sink.bytes(&vec![b'x'; (*length).min(70_000) as usize])?;
                }
                Ok(())
            }
            2 => {
                sink.u64(self.next_cookie)?;
                sink.u64(self.entries.len() as u64)?;
                for (inode, cookie, name) in &self.entries {
                    sink.u64(*inode)?;
                    sink.u64(*cookie)?;
                    sink.text(name)?;
                }
                Ok(())
            }
            3 => sink.text(self.target),
            _ => sink.u8(1),
        }
    }
}

/// A whole section with fields to make wrong.
#[derive(Debug, Clone)]
struct Section {
    version: u32,
    usage: (u64, u64),
    next_inode: u64,
    count: u64,
    nodes: Vec<Draft>,
}

/// `/a/`, `/a/b/`, `/file`, `/link`.
fn good() -> Section {
    let mut root = Draft::new(1, 2, (1, ""));
    root.entries = vec![(2, 2, "a"), (4, 3, "file"), (5, 4, "link")];
    let mut a = Draft::new(2, 2, (1, "a"));
    a.entries = vec![(3, 2, "b")];
    let nodes = vec![
        root,
        a,
        Draft::new(3, 2, (2, "b")),
        Draft::new(4, 1, (1, "file")),
        Draft::new(5, 3, (1, "link")),
    ];
    Section {
        version: 1,
        usage: (11, 4),
        next_inode: 6,
        count: 5,
        nodes,
    }
}

fn load(section: &Section) -> Result<Tree, SavedError> {
    let mut bytes = Vec::new();
    let mut sink = Sink::new(&mut bytes, "test", *b"sc-files", section.version);
    let limits = FileLimits::default();
    sink.u64(limits.bytes)?;
    sink.u64(limits.entries)?;
    sink.u32(limits.depth)?;
    sink.u64(limits.file_bytes)?;
    sink.u64(limits.resident_file_bytes)?;
    sink.u64(limits.resident_bytes)?;
    sink.u64(section.usage.0)?;
    sink.u64(section.usage.1)?;
    sink.u64(section.next_inode)?;
    sink.u32(0)?;
    sink.u64(section.count)?;
    for node in &section.nodes {
        node.write(&mut sink)?;
    }
    sink.finish()?;
    Tree::load(&mut &*bytes, &limits, storage(), &[])
}

/// What is said about a section with one change.
fn changed(change: impl FnOnce(&mut Section)) -> String {
    let mut section = good();
    change(&mut section);
    match load(&section) {
        Ok(_) => "taken".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_good_one_is_taken() {
    let tree = load(&good()).unwrap();
    assert_eq!(tree.read("/file").unwrap(), b"xxxxx");
    assert_eq!(tree.read_link("/link").unwrap(), "target");
    assert_eq!(tree.stat("/a").unwrap().links, 3);
}

#[test]
fn numbers_and_sums_must_be_true() {
    assert_eq!(
        changed(|s| s.version = 2),
        "saved files have version 2, this release reads 1"
    );
    let sum = "usage 4: it is not the sum of what is there";
    assert_eq!(changed(|s| s.usage.0 = 12), sum);
    assert_eq!(changed(|s| s.usage.1 = 5), sum);
    let order = "node 5: its number is out of order";
    assert_eq!(changed(|s| s.next_inode = 5), order);
    assert_eq!(
        changed(|s| s.nodes.swap(3, 4)),
        "node 4: its number is out of order"
    );
    assert_eq!(
        changed(|s| s.nodes[1].inode = 1),
        "node 1: its number is out of order"
    );
    assert_eq!(
        changed(|s| s.nodes[0].inode = 0),
        "node 0: its number is out of order"
    );
    assert!(changed(|s| s.next_inode = u64::MAX).contains("numbers of nodes"));
    assert!(changed(|s| s.count = u64::MAX).contains("nodes are more than"));
    assert!(changed(|s| s.count = 6).contains("end within"));
    assert!(changed(|s| s.usage.1 = u64::MAX).contains("entries are more than"));
}

#[test]
fn names_must_be_names() {
    for name in ["", ".", "..", "x/y", "nul\0"] {
        let said = changed(|s| s.nodes[0].entries[1].2 = name);
        assert_eq!(
            said, "node 1: an entry has a name that is not valid",
            "{name:?}"
        );
        let said = changed(|s| s.nodes[3].home.1 = name);
        assert!(
            said.starts_with("node 4: its name is not"),
            "{name:?}: {said}"
        );
    }
    let twice = "node 1: its names are not in order, or one is there twice";
    assert_eq!(changed(|s| s.nodes[0].entries[1].2 = "a"), twice);
    assert_eq!(changed(|s| s.nodes[0].entries[1].2 = "A"), twice);
    assert_eq!(changed(|s| s.nodes[0].entries.swap(0, 1)), twice);
    let long = Box::leak("n".repeat(256).into_boxed_str());
    assert_eq!(
        changed(|s| s.nodes[0].entries[2].2 = long),
        "node 1: a text is too long"
    );
    assert_eq!(
        changed(|s| s.nodes[4].target = ""),
        "node 5: its target is not valid"
    );
    assert_eq!(
        changed(|s| s.nodes[4].target = "a\0"),
        "node 5: its target is not valid"
    );
}

#[test]
fn directories_must_make_a_tree() {
    assert_eq!(
        changed(|s| s.nodes[0].entries[1].0 = 77),
        "node 1: an entry leads to a node that is not there"
    );
    let places = "a directory is in two places, or in itself";
    // The directory `b` holds its parent.
    let circle = changed(|s| {
        s.nodes[2].entries = vec![(2, 2, "a")];
        s.usage.1 = 5;
    });
    assert_eq!(circle, format!("node 2: {places}"));
    let root = changed(|s| {
        s.nodes[2].entries = vec![(1, 2, "root")];
        s.usage.1 = 5;
    });
    assert_eq!(root, format!("node 1: {places}"));
    // Two directories that hold each other, and nothing else holds them.
    let apart = changed(|s| {
        s.nodes[0].entries.remove(0);
        s.nodes[2].entries = vec![(2, 2, "a")];
        s.nodes[1].home = (3, "a");
    });
    let names = "it has not as many names as it says, or hangs in no directory";
    assert_eq!(apart, format!("node 2: {names}"));
    assert_eq!(
        changed(|s| s.nodes[2].home = (1, "b")),
        "node 3: it is not where it says it is"
    );
    assert_eq!(
        changed(|s| s.nodes[3].links = 2),
        format!("node 4: {names}")
    );
    assert_eq!(
        changed(|s| s.nodes[2].links = 0),
        format!("node 3: {names}")
    );
    let removed = changed(|s| {
        s.nodes[0].entries.remove(0);
        s.nodes[1].links = 0;
        s.usage.1 = 3;
    });
    assert_eq!(removed, "node 2: it was removed and is not empty");
    let no_root = changed(|s| {
        s.nodes[0].kind = 4;
        s.usage.1 = 1;
    });
    assert_eq!(no_root, "node 1: there is no root");
    assert_eq!(
        changed(|s| s.nodes[0].inode = 2),
        "node 2: its name is not one for it"
    );
}

#[test]
fn attributes_and_contents_are_checked() {
    let said = |change: fn(&mut Draft)| changed(|s| change(&mut s.nodes[3]));
    assert_eq!(said(|n| n.kind = 9), "node 4: it is of an unknown kind");
    assert_eq!(said(|n| n.flags = 4), "node 4: it has unknown flags");
    assert_eq!(
        said(|n| n.mode = 0o10000),
        "node 4: its mode has unknown bits"
    );
    assert_eq!(
        said(|n| n.links = u32::MAX),
        "node 4: it has too many names"
    );
    assert_eq!(
        said(|n| n.home.0 = 0),
        "node 4: it was never in such a directory"
    );
    assert_eq!(
        said(|n| n.home.0 = 6),
        "node 4: it was never in such a directory"
    );
    assert_eq!(
        said(|n| n.flags = 2),
        "node 4: it has an empty set of notes"
    );
    let twice = said(|n| {
        n.flags = 2;
        n.notes = vec![("k", "v"), ("k", "w")];
    });
    assert_eq!(twice, "node 4: its notes are not in order");
    let behind = "node 4: a chunk lies behind its end";
    assert_eq!(said(|n| n.size = 4), behind);
    assert_eq!(said(|n| n.chunks = vec![(u64::MAX, 5)]), behind);
    let length = "node 4: a chunk has a length that no chunk has";
    assert_eq!(said(|n| n.chunks = vec![(0, 0)]), length);
    let many = said(|n| {
        n.size = 100_000;
        n.chunks = vec![(0, 65_537)];
    });
    assert_eq!(many, length);
    let order = said(|n| {
        n.size = 100_000;
        n.chunks = vec![(1, 5), (1, 5)];
    });
    assert_eq!(order, "node 4: its chunks are not in order");
    assert_eq!(
        said(|n| n.chunks = vec![(0, 2), (0, 3)]),
        "node 4: it has more chunks than its size"
    );
    assert!(said(|n| n.size = u64::MAX).contains("bytes of one file"));
    let cookies = |change: fn(&mut Draft)| changed(|s| change(&mut s.nodes[0]));
    let never = "node 1: an entry has a cookie that was never given";
    assert_eq!(cookies(|n| n.entries[0].1 = 1), never);
    assert_eq!(cookies(|n| n.entries[0].1 = 10), never);
    assert_eq!(
        cookies(|n| n.entries[0].1 = 3),
        "node 1: two entries have one cookie"
    );
    let next = "node 1: its next cookie is not one for an entry";
    assert_eq!(cookies(|n| n.next_cookie = u64::MAX), next);
    assert_eq!(cookies(|n| n.next_cookie = 1), next);
}

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use futures::Stream as _;

use super::{NOW, laid};
use crate::files::watch::{Change, ChangeKind, Watcher};

fn told(watcher: &mut Watcher) -> Vec<String> {
    std::iter::from_fn(|| watcher.try_next())
        .map(|Change { kind, path, to }| match to {
            Some(to) => format!("{kind:?} {path} {to}"),
            None => format!("{kind:?} {path}"),
        })
        .collect()
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// All changes until the stream ends, waiting for them.
fn to_the_end(mut watcher: Watcher) -> Vec<Change> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut changes = Vec::new();
    loop {
        match Pin::new(&mut watcher).poll_next(&mut context) {
            Poll::Ready(Some(change)) => changes.push(change),
            Poll::Ready(None) => return changes,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn every_change_is_told_with_its_path() {
    type Act = fn(&mut crate::files::Tree);
    let cases: [(Act, &[&str]); 16] = [
        (
            |t| t.write("/d/new", b"x", NOW).unwrap(),
            &["Create /d/new", "Write /d/new"],
        ),
        (|t| t.write("/d/a", b"x", NOW).unwrap(), &["Write /d/a"]),
        (|t| t.write("/l/a", b"x", NOW).unwrap(), &["Write /d/a"]),
        (
            |t| t.make_dirs("/d/e/f", NOW).unwrap(),
            &["Create /d/e", "Create /d/e/f"],
        ),
        (|t| t.symlink("x", "/s", NOW).unwrap(), &["Create /s"]),
        (|t| t.remove("/d/a", NOW).unwrap(), &["Remove /d/a"]),
        (|t| t.remove("/e", NOW).unwrap(), &["Remove /e"]),
        (
            |t| t.remove_all("/d", NOW).unwrap(),
            &["Remove /d/a", "Remove /d/b", "Remove /d"],
        ),
        (
            |t| t.rename("/d/a", "/x", NOW).unwrap(),
            &["Rename /d/a /x"],
        ),
        (
            |t| t.rename("/d/a", "/d/b", NOW).unwrap(),
            &["Rename /d/a /d/b"],
        ),
        (
            |t| {
                t.rename("/d", "/e/d", NOW).unwrap();
                t.write("/e/d/a", b"x", NOW).unwrap();
            },
            &["Rename /d /e/d", "Write /e/d/a"],
        ),
        (|t| t.set_mode("/d", 0o700, NOW).unwrap(), &["Chmod /d"]),
        (
            |t| t.set_times("/", Some(1), None, NOW).unwrap(),
            &["Chmod /"],
        ),
        (
            |t| {
                let a = t.stat("/d/a").unwrap().id;
                let root = crate::files::NodeId::ROOT;
                t.link_in(a, root, "hard", NOW).unwrap();
                t.write_at(a, 0, b"x", NOW).unwrap();
            },
            &["Create /hard", "Write /hard"],
        ),
        // What has no name any more is not told.
        (
            |t| {
                let a = t.stat("/d/a").unwrap().id;
                t.pin(a).unwrap();
                t.remove("/d/a", NOW).unwrap();
                t.write_at(a, 0, b"x", NOW).unwrap();
            },
            &["Remove /d/a"],
        ),
        // What fails is not told.
        (
            |t| {
                t.remove("/d", NOW).unwrap_err();
                t.write("/d", b"", NOW).unwrap_err();
                t.rename("/d", "/d/x", NOW).unwrap_err();
            },
            &[],
        ),
    ];
    for (act, expected) in cases {
        let mut tree = laid(&["/d/", "/d/a", "/d/b", "/e/", "/l -> d"]);
        let mut watcher = tree.watch(100);
        act(&mut tree);
        assert_eq!(told(&mut watcher), expected);
    }
}

#[test]
fn writes_in_a_row_are_told_once() {
    let mut tree = laid(&["/a", "/b"]);
    let mut watcher = tree.watch(100);
    for path in ["/a", "/a", "/a", "/b", "/a"] {
        tree.append(path, b"x", NOW).unwrap();
    }
    assert_eq!(told(&mut watcher), ["Write /a", "Write /b", "Write /a"]);
}

#[test]
fn a_slow_reader_is_told_that_it_missed_something() {
    let mut tree = laid(&["/a", "/b"]);
    let mut watcher = tree.watch(3);
    for _ in 0..1000 {
        tree.append("/a", b"x", NOW).unwrap();
        tree.append("/b", b"x", NOW).unwrap();
    }
    assert_eq!(
        told(&mut watcher),
        ["Write /a", "Write /b", "Write /a", "Missed /"]
    );
    tree.append("/b", b"x", NOW).unwrap();
    assert_eq!(told(&mut watcher), ["Write /b"], "and then goes on");
    // Room that is made behind a gap is not used before the gap was told.
    for path in ["/a", "/b", "/a", "/b"] {
        tree.append(path, b"x", NOW).unwrap();
    }
    assert_eq!(watcher.try_next().unwrap().path, "/a");
    tree.remove("/a", NOW).unwrap();
    assert_eq!(told(&mut watcher), ["Write /b", "Write /a", "Missed /"]);
}

#[test]
fn copies_are_not_watched_and_a_rollback_keeps_the_watch() {
    let mut tree = laid(&["/a"]);
    let mut watcher = tree.watch(10);
    let mut checkpoint = tree.clone();
    checkpoint.write("/unseen", b"", NOW).unwrap();
    assert_eq!(told(&mut watcher), [""; 0]);
    checkpoint.adopt_watchers(&mut tree);
    drop(tree);
    checkpoint.write("/seen", b"", NOW).unwrap();
    assert_eq!(
        told(&mut watcher),
        ["Missed /", "Create /seen", "Write /seen"]
    );
}

#[test]
fn a_watcher_is_a_stream_that_ends_with_the_tree() {
    let mut tree = laid(&["/a"]);
    let mut watcher = tree.watch(10);
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut watcher).poll_next(&mut context).is_pending());
    let reader = std::thread::spawn(move || to_the_end(watcher));
    tree.remove("/a", NOW).unwrap();
    drop(tree);
    let changes = reader.join().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, ChangeKind::Remove);
}

#[test]
fn a_dropped_watcher_is_forgotten() {
    let mut tree = laid(&["/a"]);
    let first = tree.watch(10);
    let mut second = tree.watch(10);
    drop(first);
    tree.append("/a", b"x", NOW).unwrap();
    assert_eq!(told(&mut second), ["Write /a"]);
    drop(tree);
    let mut context = Context::from_waker(Waker::noop());
    let ended = Pin::new(&mut second).poll_next(&mut context);
    assert_eq!(ended, Poll::Ready(None));
}

//! Snapshots: what lives on in a copy, what a copy renews, and what a file on
//! disk must be.

use std::collections::BTreeSet;
use std::path::Path;

use sandcell::{Busy, Durability, Error, Sandbox, Snapshot, SnapshotFault};

use crate::support::{check, finished, first, raised, runtime, start};

/// A sandbox with all kinds of state that people have in a session.
async fn busy_session() -> Sandbox {
    let runtime = runtime().await;
    let sandbox = start(runtime.sandbox().env("TOKEN", "t1")).await;
    let context = first(&sandbox);
    for code in [
        "import sqlite3, random, os, asyncio, time
def count():
    n = 0
    while True:
        n += 1
        yield n
counter = count(); next(counter); next(counter)",
        "database = sqlite3.connect(':memory:')
_ = database.execute('create table t (x)'); _ = database.execute('insert into t values (42)')",
        "class Account:
    def __init__(self): self.money = 10
    def pay(self, n): self.money -= n; return self.money
account = Account()
def adder(n): return lambda m: n + m
add = adder(5)",
        "file = open('notes.txt', 'w+'); file.write('hello world'); file.seek(6)
gone = open('gone.txt', 'w+'); gone.write('held'); os.unlink('gone.txt'); gone.seek(0)",
        "big = bytearray(b'x' * 3_000_000); big[1_500_000] = 7",
        "started = time.monotonic()",
    ] {
        finished(&context, code).await;
    }
    sandbox
}

async fn check_session(sandbox: &Sandbox) {
    let context = first(sandbox);
    check(&context, "next(counter)", "3").await;
    let rows = "database.execute('select x from t').fetchall()";
    check(&context, rows, "[(42,)]").await;
    check(&context, "account.pay(3), add(1)", "(7, 6)").await;
    check(&context, "file.read(), gone.read()", "('world', 'held')").await;
    check(
        &context,
        "len(big), sum(big) - 120 * 2_999_999",
        "(3000000, 7)",
    )
    .await;
    check(
        &context,
        "os.environ['TOKEN'], os.getcwd()",
        "('t1', '/home/user')",
    )
    .await;
    check(&context, "time.monotonic() >= started", "True").await;
}

async fn copy_of(snapshot: &Snapshot) -> Sandbox {
    start(runtime().await.sandbox().snapshot(snapshot)).await
}

#[tokio::test]
async fn a_session_lives_on_in_its_copies_and_in_itself() {
    let sandbox = busy_session().await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    assert_eq!(snapshot.sandbox(), sandbox.id());
    assert_eq!(snapshot.contexts(), sandbox.contexts());
    assert!(snapshot.bytes() > 3_000_000);
    // The first copy, then the original, then another copy: none disturbs another.
    check_session(&copy_of(&snapshot).await).await;
    check_session(&sandbox).await;
    check_session(&copy_of(&snapshot).await).await;
}

#[tokio::test]
async fn a_file_brings_a_session_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.snapshot");
    let sandbox = busy_session().await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    let (id, sandbox_id) = (snapshot.id(), sandbox.id());
    snapshot.save(&path, Durability::Machine).await.unwrap();
    drop((snapshot, sandbox));
    let runtime = runtime().await;
    let snapshot = runtime.load_snapshot(&path).await.unwrap();
    assert_eq!((snapshot.id(), snapshot.sandbox()), (id, sandbox_id));
    let copy = start(runtime.sandbox().snapshot(&snapshot)).await;
    assert_ne!(copy.id(), sandbox_id);
    check_session(&copy).await;
    let resumed = start(runtime.sandbox().resume(&snapshot)).await;
    assert_eq!(resumed.id(), sandbox_id);
    check_session(&resumed).await;
    // Nothing but the one file is left behind.
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[tokio::test]
async fn all_contexts_and_files_belong_to_one_moment() {
    let sandbox = start(runtime().await.sandbox()).await;
    let (one, two) = (first(&sandbox), sandbox.create_context().await.unwrap());
    finished(&one, "x = 'one'; open('shared', 'w').write('both')").await;
    finished(&two, "x = 'two'").await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    finished(&two, "x = 'later'; open('shared', 'w').write('later')").await;
    let copy = copy_of(&snapshot).await;
    let ids = |ids: Vec<_>| ids.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(ids(copy.contexts()), ids(sandbox.contexts()));
    let other = copy.find(two.id()).unwrap();
    check(&other, "x, open('shared').read()", "('two', 'both')").await;
    check(&first(&copy), "x", "'one'").await;
    finished(&other, "open('shared', 'w').write('copy')").await;
    check(&one, "open('shared').read()", "'later'").await;
}

#[tokio::test]
async fn children_differ_in_what_must_not_repeat() {
    let sandbox = start(runtime().await.sandbox()).await;
    let context = first(&sandbox);
    finished(
        &context,
        "import random, secrets, uuid, os, tempfile\nrandom.seed(1); x = [1]",
    )
    .await;
    let children = sandbox.fork(5, Busy::default()).await.unwrap();
    let mut seen = BTreeSet::new();
    let mut ids = BTreeSet::from([sandbox.id()]);
    let code = "random.random(), secrets.token_hex(), uuid.uuid4(), os.urandom(8), tempfile.mktemp(), open('/proc/sys/kernel/random/boot_id').read()";
    for child in children.iter().chain([&sandbox]) {
        let report = crate::support::run(&first(child), code).await;
        let text = report.text().unwrap().to_owned();
        for part in text.split(", ") {
            assert!(seen.insert(part.to_owned()), "{part} came twice");
        }
        ids.insert(child.id());
        check(&first(child), "x.append(2); x", "[1, 2]").await;
    }
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn tasks_and_timers_go_on_and_host_calls_are_lost() {
    let runtime = runtime().await;
    let builder = runtime
        .sandbox()
        .host_function("never", None, |_| std::future::pending());
    let sandbox = start(builder).await;
    let context = first(&sandbox);
    let code = "import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.001)
        ticks += 1
ticking = asyncio.create_task(tick())
async def ask():
    try: return await never()
    except Exception as error: return type(error).__name__
asking = asyncio.create_task(ask())
await asyncio.sleep(0.01)";
    finished(&context, code).await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    let builder = runtime.sandbox().snapshot(&snapshot);
    let copy = start(builder.host_function("never", None, |_| async { Ok("now".into()) })).await;
    let context = first(&copy);
    finished(&context, "before = ticks\nawait asyncio.sleep(0.02)").await;
    check(&context, "ticks > before", "True").await;
    check(&context, "await asking", "'HostFunctionError'").await;
    check(&context, "never()", "'now'").await;
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

async fn fault(path: &Path, bytes: &[u8]) -> SnapshotFault {
    std::fs::write(path, bytes).unwrap();
    match runtime().await.load_snapshot(path).await {
        Err(Error::BadSnapshot { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn altered_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), "x = 1").await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    snapshot.save(&path, Durability::Process).await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(
        fault(&path, &flipped(&bytes, 0)).await,
        SnapshotFault::NotASnapshot
    );
    assert!(matches!(
        fault(&path, &flipped(&bytes, 8)).await,
        SnapshotFault::Format { found: 0, .. }
    ));
    assert_eq!(
        fault(&path, &flipped(&bytes, 16)).await,
        SnapshotFault::NotASnapshot
    );
    for at in [24, 60, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(
            fault(&path, &flipped(&bytes, at)).await,
            SnapshotFault::Digest,
            "{at}"
        );
    }
    for len in [0, 1, 55, 56, 1000, bytes.len() - 1] {
        assert_eq!(
            fault(&path, &bytes[..len]).await,
            SnapshotFault::NotASnapshot,
            "{len}"
        );
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::write(&path, &bytes).unwrap();
    std::fs::set_permissions(&path, mode).unwrap();
    assert!(matches!(
        runtime().await.load_snapshot(&path).await,
        Err(Error::BadSnapshot {
            reason: SnapshotFault::NotPrivate { .. },
            ..
        })
    ));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(runtime().await.load_snapshot(&link).await.is_err());
    assert!(runtime().await.load_snapshot(folder.path()).await.is_err());
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = start(runtime().await.sandbox()).await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    // A folder with a file in it cannot be replaced by a file.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("inside"), "x").unwrap();
    let error = snapshot
        .save(&taken, Durability::Process)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no/such/folder/s");
    assert!(snapshot.save(&nowhere, Durability::Process).await.is_err());
    check(&first(&sandbox), "1 + 1", "2").await;
}

#[tokio::test]
async fn a_copy_may_not_be_larger_than_its_limits() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), "x = b'x' * 100_000_000").await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    let narrow = runtime()
        .await
        .sandbox()
        .snapshot(&snapshot)
        .memory_bytes(64 << 20);
    let error = narrow.start().await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { .. }), "{error:?}");
    let children = sandbox.fork(1_000_000, Busy::default()).await;
    assert!(matches!(children, Err(Error::BadSetting { .. })));
    assert_eq!(raised(&first(&sandbox), "y").await.name, "NameError");
}

/// Long runs of pages are mapped from where they were saved, so a copy of a copy
/// has them from several places.
#[tokio::test]
async fn copies_of_copies_keep_what_each_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved");
    let runtime = runtime().await;
    let mut sandbox = start(runtime.sandbox()).await;
    finished(&first(&sandbox), "parts, seen = [], []").await;
    let show = "[(part[0], part[512345], part[-1], len(set(part))) for part in parts], seen";
    for generation in 1..=8_u8 {
        let code = format!(
            "parts.append(bytearray([{generation}]) * 600_000)
for part in parts: part[512345] = (part[512345] + 100) % 256; seen.append(sum(part) % 1000)"
        );
        finished(&first(&sandbox), code).await;
        let expected = finished(&first(&sandbox), show).await;
        assert!(
            expected.text().is_some_and(|text| text.contains("[(")),
            "{expected:?}"
        );
        let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
        // What changes afterwards is no part of it.
        let code = "for part in parts: part[:] = bytes(len(part))";
        finished(&first(&sandbox), code).await;
        let copy = copy_of(&snapshot).await;
        let found = finished(&first(&copy), show).await;
        assert_eq!(found.text(), expected.text(), "{generation}");
        snapshot.save(&path, Durability::Process).await.unwrap();
        drop((snapshot, copy));
        let snapshot = runtime.load_snapshot(&path).await.unwrap();
        let copy = copy_of(&snapshot).await;
        let found = finished(&first(&copy), show).await;
        assert_eq!(found.text(), expected.text(), "{generation}, from the file");
        if generation % 4 == 0 {
            for child in copy.fork(17, Busy::default()).await.unwrap() {
                let found = finished(&first(&child), show).await;
                assert_eq!(found.text(), expected.text(), "a child of {generation}");
            }
        }
        finished(&first(&copy), "seen.clear()").await;
        first(&copy).undo().await.unwrap();
        let found = finished(&first(&copy), show).await;
        assert_eq!(found.text(), expected.text(), "{generation}, undone");
        sandbox = copy;
    }
}

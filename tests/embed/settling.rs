//! Sandboxes with much data, whose checkpoints are laid under them.

use sandcell::{Busy, Checkpoints, Durability, Sandbox};

use crate::support::{finished, first, run, runtime, start};

const MEGABYTES: usize = 24;

/// `step(i)` changes single bytes all over the data and now and then long parts of
/// it, and answers a checksum of all of it.
const SETUP: &str = "import random, zlib
data = bytearray(24 << 20)
def step(i):
    r = random.Random(i)
    for _ in range(20):
        data[r.randrange(len(data))] = i & 255
    if i % 2:
        size = r.choice((300_000, 2_000_000, 5_000_000))
        at = r.randrange(len(data) - size)
        data[at:at + size] = r.randbytes(1000) * (size // 1000)
    return zlib.crc32(data)";

/// Here `step(i)` changes some of very many small objects, and now and then makes
/// large ones that go away again.
const SCATTERED: &str = "import random, zlib
data = {i: [i] * 50 for i in range(60_000)}
def step(i):
    r = random.Random(i)
    for _ in range(100):
        data[r.randrange(60_000)] = [i] * r.randrange(1, 300)
    if i % 7 == 0:
        waste = [bytearray(3 << 20) for _ in range(3)]
    return sums()
def sums():
    return sum(k * len(v) + v[-1] for k, v in data.items())";

async fn with_data(checkpoints: Checkpoints) -> Sandbox {
    with(checkpoints, SETUP).await
}

async fn with(checkpoints: Checkpoints, setup: &str) -> Sandbox {
    let builder = runtime().await.sandbox().checkpoints(checkpoints);
    let sandbox = start(builder).await;
    finished(&first(&sandbox), setup).await;
    sandbox
}

async fn value(sandbox: &Sandbox, code: impl Into<String>) -> String {
    let report = run(&first(sandbox), code.into()).await;
    report.text().unwrap_or_default().to_owned()
}

async fn own_bytes(sandbox: &Sandbox) -> u64 {
    sandbox.residency().await.unwrap().resident_bytes
}

#[tokio::test]
async fn what_was_saved_is_given_back() {
    let plain = with_data(Checkpoints::Never).await;
    value(&plain, "step(1)").await;
    let saved = with_data(Checkpoints::EveryCell).await;
    value(&saved, "step(1)").await;
    let data = (MEGABYTES as u64) << 20;
    let (plain, saved) = (own_bytes(&plain).await, own_bytes(&saved).await);
    assert!(plain > data && saved < data / 4, "{plain} {saved}");
}

/// Enough steps for layers over layers, and for all of them to be replaced.
#[tokio::test]
async fn data_is_the_same_with_checkpoints_and_without() {
    let plain = with_data(Checkpoints::Never).await;
    let saved = with_data(Checkpoints::EveryCell).await;
    let mut sums = Vec::new();
    for i in 1..=90 {
        let code = format!("step({i})");
        let sum = value(&plain, code.clone()).await;
        assert_eq!(value(&saved, code).await, sum, "step {i}");
        sums.push(sum);
        if i % 9 == 0 {
            // Back by two, and on again.
            let context = first(&saved);
            context.undo().await.unwrap();
            context.undo().await.unwrap();
            assert_eq!(value(&saved, "zlib.crc32(data)").await, sums[i - 3], "{i}");
            for again in i - 1..=i {
                let sum = value(&saved, format!("step({again})")).await;
                assert_eq!(sum, sums[again - 1], "step {again} once more");
            }
        }
    }
    assert!(own_bytes(&saved).await < (MEGABYTES as u64) << 20);
}

/// Enough steps for pages of many checkpoints, some of them from the time before the
/// others.
#[tokio::test]
async fn scattered_objects_are_the_same_with_checkpoints_and_without() {
    let plain = with(Checkpoints::Never, SCATTERED).await;
    let saved = with(Checkpoints::EveryCell, SCATTERED).await;
    let mut sums = Vec::new();
    let mut children: Vec<(usize, Sandbox)> = Vec::new();
    for i in 1..=70 {
        let code = format!("step({i})");
        let sum = value(&plain, code.clone()).await;
        assert_eq!(value(&saved, code).await, sum, "step {i}");
        sums.push(sum);
        if i % 10 == 0 {
            let context = first(&saved);
            context.undo().await.unwrap();
            context.undo().await.unwrap();
            assert_eq!(value(&saved, "sums()").await, sums[i - 3], "{i}");
            for again in i - 1..=i {
                let sum = value(&saved, format!("step({again})")).await;
                assert_eq!(sum, sums[again - 1], "step {again} once more");
            }
        }
        if i % 15 == 0 {
            let forked = saved.fork(1, Busy::default()).await.unwrap();
            children.extend(forked.into_iter().map(|child| (i, child)));
        }
    }
    for (i, child) in &children {
        assert_eq!(value(child, "sums()").await, sums[i - 1], "child of {i}");
        let next = value(child, format!("step({})", i + 1)).await;
        assert_eq!(next, sums[*i], "child of {i}");
    }
    saved.pause(Busy::default()).await.unwrap();
    saved.resume().unwrap();
    assert_eq!(value(&saved, "sums()").await, sums[69]);
}

/// Sixteen checkpoints of a sandbox whose pages were all written to, here and there,
/// take little more than one. (On systems that can tell what was written.)
#[tokio::test]
async fn checkpoints_share_what_was_not_written_between_them() {
    let saved = with(Checkpoints::EveryCell, SCATTERED).await;
    // Every other page: nothing to be laid.
    let scatter = "other = bytearray(32 << 20)\nfor at in range(0, 32 << 20, 8192): other[at] = 1";
    finished(&first(&saved), scatter).await;
    for i in 1..=20 {
        value(&saved, format!("other[{i} << 20] = {i}")).await;
    }
    let bytes = saved.residency().await.unwrap().checkpoint_bytes;
    assert!(bytes > 16 << 20, "{bytes}");
    assert!(bytes < 64 << 20 || !tells_what_was_written(), "{bytes}");
}

/// Linux does from 6.7 on.
fn tells_what_was_written() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(7))
}

#[tokio::test]
async fn copies_of_it_go_on_apart() {
    let folder = tempfile::tempdir().unwrap();
    let parent = with_data(Checkpoints::EveryCell).await;
    for i in 1..=12 {
        value(&parent, format!("step({i})")).await;
    }
    let sum = value(&parent, "zlib.crc32(data)").await;
    let snapshot = parent.snapshot(Busy::default()).await.unwrap();
    let path = folder.path().join("s");
    snapshot.save(&path, Durability::Process).await.unwrap();
    let children = parent.fork(3, Busy::default()).await.unwrap();
    let next = value(&parent, "step(13)").await;
    assert_ne!(next, sum);
    for child in &children {
        assert_eq!(value(child, "zlib.crc32(data)").await, sum);
        assert_eq!(value(child, "step(13)").await, next);
    }
    let last = value(&parent, "step(14)").await;
    parent.pause(Busy::default()).await.unwrap();
    parent.resume().unwrap();
    assert_eq!(value(&parent, "zlib.crc32(data)").await, last);
    drop((parent, snapshot));
    assert_eq!(value(&children[1], "step(14)").await, last);
    drop(children);
    let loaded = runtime().await.load_snapshot(&path).await.unwrap();
    let copy = start(runtime().await.sandbox().snapshot(&loaded)).await;
    assert_eq!(value(&copy, "zlib.crc32(data)").await, sum);
    assert_eq!(value(&copy, "step(13)").await, next);
}

#[tokio::test]
async fn memory_that_grows_and_shrinks_stays_whole() {
    let builder = runtime().await.sandbox();
    let sandbox = start(builder.checkpoints(Checkpoints::EveryCell)).await;
    let context = first(&sandbox);
    finished(&context, "import zlib; kept = {}").await;
    for i in 0..12 {
        let code = format!("kept[{i}] = bytes([{i}]) * ({i} * 700_000 + 1)");
        finished(&context, code).await;
        if i % 3 == 2 {
            finished(&context, format!("del kept[{}]", i - 1)).await;
        }
        let whole = "all(set(v) == {k} and len(v) == k * 700_000 + 1 for k, v in kept.items())";
        assert_eq!(value(&sandbox, whole).await, "True", "after {i}");
    }
    finished(&context, "kept.clear()").await;
    assert_eq!(value(&sandbox, "len(kept)").await, "0");
}

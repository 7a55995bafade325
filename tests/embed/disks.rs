//! Disks that are full, or take nothing, in the middle of a save.
//!
//! A limit on the size of files stands in for the full disk; it holds for a whole
//! process, so that is one of its own: this test program again.

use std::process::Command;
use std::time::Duration;

use sandcell::{Busy, Checkpoints, Durability, End, Error, RunCode};

use crate::support::{check, finished, first, runtime, start};

const CHILD: &str = "SANDCELL_TEST_DISK";

/// The largest file that the child may write.
const ALLOWED: usize = 6 << 20;

#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let path = std::path::Path::new(&folder).join("state");
    let names = || std::fs::read_dir(&folder).unwrap().count();
    let builder = runtime().await.sandbox().grace(Duration::from_millis(10));
    let sandbox = start(builder.checkpoints(Checkpoints::EveryCell)).await;
    let context = first(&sandbox);
    finished(&context, "x = 'old'").await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    snapshot.save(&path, Durability::Machine).await.unwrap();

    // It can be taken, and not be written: pages and files together are too much.
    let code = "x = 'new'
for n in range(12): _ = open(f'file{n}', 'wb').write(bytes([n]) * 500_000)";
    finished(&context, code).await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    for durability in [Durability::Process, Durability::Machine] {
        let refused = snapshot.save(&path, durability).await;
        assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
        assert_eq!(names(), 1, "what was written is gone");
    }
    let loaded = runtime().await.load_snapshot(&path).await.unwrap();
    let copy = start(runtime().await.sandbox().snapshot(&loaded)).await;
    check(&first(&copy), "x", "'old'").await;

    // It cannot even be taken: neither asked for nor as a checkpoint. Cells run.
    finished(
        &context,
        "big = [bytes([n]) * 1_000_000 for n in range(1, 16)]",
    )
    .await;
    let refused = sandbox.snapshot(Busy::default()).await;
    assert!(matches!(refused, Err(Error::Spill(_))), "{refused:?}");
    let refused = sandbox.pause(Busy::default()).await;
    assert!(matches!(refused, Err(Error::Spill(_))), "{refused:?}");
    check(&context, "x, len(big)", "('new', 15)").await;
    // A stop by force goes back to the last checkpoint that there was room for.
    let stubborn = "while True:\n try:\n  while True: pass\n except BaseException: pass";
    let cell = RunCode::from(stubborn).wall(Some(Duration::from_millis(50)));
    let outcome = context.execute(cell).unwrap().outcome().await.unwrap();
    assert!(
        matches!(outcome.end, End::Interrupted { .. }),
        "{}",
        outcome.end
    );
    assert!(outcome.lost.is_some());
    check(&context, "x, 'big' in globals()", "('new', False)").await;
    println!("all was refused");
}

#[test]
fn a_disk_that_is_full_leaves_the_old_state_and_a_running_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let limited = "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"";
    let ended = Command::new("/bin/sh")
        .args(["-c", limited, "sh", &(ALLOWED / 512).to_string()])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disks::child", "--nocapture"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let failed = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("all was refused"), "{said}\n{failed}");
}

#[tokio::test]
async fn a_place_that_takes_no_file_is_told() {
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), "x = 1").await;
    let snapshot = sandbox.pause(Busy::default()).await.unwrap().unwrap();
    for place in ["/proc/state", "/sys/state", "/", ""] {
        let refused = snapshot.save(place, Durability::Machine).await;
        assert!(
            matches!(refused, Err(Error::Io { .. })),
            "{place}: {refused:?}"
        );
    }
    sandbox.resume().unwrap();
    check(&first(&sandbox), "x", "1").await;
}

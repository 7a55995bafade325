//! Processes that are killed while they save a sandbox.
//!
//! A child process, which is this test program again, saves a paused sandbox to
//! one file over and over. It is killed when the new file has just been made, when
//! it is being written, when it is whole, when it was moved into place, and at
//! moments in between: whatever is found under the file's name is a whole state,
//! the last that was reported or the one after it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sandcell::{Busy, Durability};

use crate::support::{finished, first, runtime, start, value};

/// Names the file for the child; without it the child's test does nothing.
const FILE: &str = "SANDCELL_TEST_CRASH_FILE";

/// Bytes that change from one state to the next.
const BYTES: usize = 3_000_000;

#[tokio::test]
async fn child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let sandbox = start(runtime().await.sandbox()).await;
    let context = first(&sandbox);
    finished(&context, "n = 0").await;
    for n in 1.. {
        let code = format!("n = {n}; data = bytes([n % 256]) * {BYTES}");
        finished(&context, code).await;
        let snapshot = sandbox.pause(Busy::default()).await.unwrap().unwrap();
        snapshot.save(&path, Durability::Machine).await.unwrap();
        println!("saved {n}");
        sandbox.resume().unwrap();
    }
}

/// What the parent waits for before it kills.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// The new file is there.
    Made,
    /// So many bytes of it were written.
    Written(u64),
    /// It has been moved into place.
    Moved,
    /// So long after a state was reported.
    Later(Duration),
}

fn new_file(path: &Path) -> Option<PathBuf> {
    let listed = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let mut paths = listed.map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|name| name == "new"))
}

impl Point {
    /// Waits for the point, or until it is no longer to be expected.
    fn wait(self, path: &Path) {
        let size = || {
            new_file(path)
                .and_then(|new| new.metadata().ok())
                .map(|file| file.len())
        };
        let until = |reached: &dyn Fn() -> bool| {
            let start = Instant::now();
            while !reached() && start.elapsed() < Duration::from_secs(20) {
                std::thread::yield_now();
            }
        };
        match self {
            Self::Made => until(&|| size().is_some()),
            Self::Written(bytes) => until(&|| size().is_some_and(|size| size >= bytes)),
            Self::Moved => {
                until(&|| size().is_some());
                until(&|| size().is_none());
            }
            Self::Later(time) => {
                let start = Instant::now();
                until(&|| start.elapsed() >= time);
            }
        }
    }
}

fn spawn(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crashes::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The last state that the child reported before `count` of them, or before it was
/// killed.
fn reported(lines: &mut impl BufRead, count: usize) -> Option<u64> {
    let numbers = lines.lines().map_while(Result::ok);
    let numbers = numbers.filter_map(|line| line.rsplit_once("saved ")?.1.parse().ok());
    numbers.take(count).last()
}

#[tokio::test]
async fn the_old_state_or_the_new_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let later = (0..6).map(|n| Point::Later(Duration::from_millis(n * 3)));
    let points = [
        Point::Made,
        Point::Written(1),
        Point::Written(1_000_000),
        Point::Written(BYTES as u64),
        Point::Moved,
    ];
    for (round, point) in points.into_iter().chain(later).enumerate() {
        let mut child = spawn(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let before = reported(&mut lines, 1 + round % 3).expect("it saves");
        point.wait(&path);
        child.kill().unwrap();
        child.wait().unwrap();
        let last = reported(&mut lines, usize::MAX).unwrap_or(before);
        let snapshot = runtime().await.load_snapshot(&path).await.unwrap();
        let copy = start(runtime().await.sandbox().resume(&snapshot)).await;
        let code = format!("n if data == bytes([n % 256]) * {BYTES} else 'half'");
        let found = value(&first(&copy), code.as_str()).await;
        let expected = [last, last + 1].map(|n| n.to_string());
        assert!(
            expected.contains(&found),
            "{point:?}: {found}, {expected:?}"
        );
        // What was not finished has a name of its own, and does no harm.
        while let Some(half) = new_file(&path) {
            std::fs::remove_file(half).unwrap();
        }
    }
}

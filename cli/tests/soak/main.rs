//! A server under mixed load for a long time, and one that is killed in the middle.
//!
//! `SANDCELL_SOAK_SECONDS` says how long the load lasts (16), and
//! `SANDCELL_SOAK_SANDBOXES` how many sandboxes live (1,000). First a server is
//! killed with `kill -9` while it works, and another one takes over its state:
//! whatever was acknowledged is there. Then that one is loaded twice for the same
//! time, and must hold no more after the second time than after the first: memory,
//! descriptors, threads, mappings. In the end nothing is left on disk.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects has failed"
)]

mod door;
mod gauge;
mod load;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use door::Door;
use gauge::Gauge;
use load::{Seat, Worker};

/// Clients at once.
const CLIENTS: usize = 8;

/// One in so many sandboxes is paused, and so many are saved, when the server is
/// killed.
const PROMISED: usize = 8;

/// What clients have done when it is killed, in the midst of more.
const STEPS: usize = 200;

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).unwrap_or_default();
    if text.is_empty() {
        return default;
    }
    text.parse().expect(name)
}

/// What the server keeps on disk for its sandboxes.
fn files(state: &Path) -> Vec<PathBuf> {
    ["paused", "snapshots"]
        .iter()
        .filter_map(|shelf| std::fs::read_dir(state.join("sandboxes").join(shelf)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// Runs `body` for each worker on a thread of its own.
fn together(workers: &mut [Worker], body: impl Fn(&mut Worker) + Sync) {
    thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| body(worker));
        }
    });
}

fn loaded(workers: &mut [Worker], time: Duration) -> u64 {
    let end = Instant::now() + time;
    together(workers, |worker| {
        while Instant::now() < end {
            worker.step();
        }
    });
    workers.iter_mut().map(Worker::take_steps).sum()
}

/// What the server holds when nobody asks it anything.
fn measured(name: &str, steps: u64, door: &Door, workers: &[Worker]) -> Gauge {
    let seats: usize = workers.iter().map(Worker::seats).sum();
    assert_eq!(door.running(), seats);
    idle();
    let gauge = Gauge::of(door.process());
    println!("{name}: {steps} steps, {gauge:?}");
    gauge
}

/// Guests that are idle for a moment give memory back.
#[expect(clippy::disallowed_methods, reason = "nothing is waited for but time")]
fn idle() {
    thread::sleep(Duration::from_secs(1));
}

#[test]
fn a_loaded_server_keeps_its_promises_and_grows_no_further() {
    let sandboxes = usize::try_from(setting("SANDCELL_SOAK_SANDBOXES", 1000)).unwrap();
    let time = Duration::from_secs(setting("SANDCELL_SOAK_SECONDS", 16));
    let state = tempfile::tempdir().unwrap();

    // At least four for each client: two of them it promises.
    let kept = killed(state.path(), (sandboxes / 5).max(4 * CLIENTS));
    let mut door = Door::open(state.path());
    keeps_its_promises(&door, kept);
    assert_eq!(files(state.path()), Vec::<PathBuf>::new(), "left by a kill");

    let mut workers = Worker::crew(&door, CLIENTS, sandboxes);
    together(&mut workers, Worker::fill);
    let steps = loaded(&mut workers, time / 2);
    let middle = measured("middle", steps, &door, &workers);
    let steps = loaded(&mut workers, time / 2);
    let end = measured("end", steps, &door, &workers);
    assert!(steps > 0);
    end.is_flat_since(&middle);
    together(&mut workers, Worker::clear);
    assert_eq!(door.running(), 0);
    assert_eq!(files(state.path()), Vec::<PathBuf>::new());
    door.end();
}

/// A server that is killed while it works; what it had acknowledged by then.
fn killed(state: &Path, sandboxes: usize) -> Vec<Seat> {
    let mut door = Door::open(state);
    let mut workers = Worker::crew(&door, CLIENTS, sandboxes);
    together(&mut workers, |worker| {
        worker.fill();
        worker.promise(PROMISED);
    });
    let gone = AtomicBool::new(false);
    let (working, steps) = mpsc::channel();
    thread::scope(|scope| {
        for worker in &mut workers {
            let (gone, working) = (&gone, working.clone());
            scope.spawn(move || {
                while !gone.load(Ordering::SeqCst) {
                    worker.step_or_stop(gone);
                    working.send(()).expect("somebody counts");
                }
            });
        }
        assert_eq!(steps.iter().take(STEPS).count(), STEPS);
        // Before the clients can see it.
        gone.store(true, Ordering::SeqCst);
        door.kill();
    });
    workers.into_iter().flat_map(Worker::into_kept).collect()
}

/// All that was paused or saved is there, as it was; everything else has ended.
fn keeps_its_promises(door: &Door, kept: Vec<Seat>) {
    assert!(kept.len() >= 10, "{} promises", kept.len());
    for seat in kept {
        seat.check_kept(door);
    }
    // A pause or a snapshot may have been carried out whose answer never came.
    door.clear();
    assert_eq!(door.running(), 0);
}

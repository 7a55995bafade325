//! Limits: each ends the run with exit code 1 and says which one it was.

use crate::support::{fuel_image, run};

#[test]
fn time() {
    run(&["--timeout", "300ms", "-c", "while True: pass"])
        .exits(1)
        .says("KeyboardInterrupt")
        .says("error: the time limit of 300 ms is over\n")
        .says("hint: `--timeout 10m` allows more");
}

#[test]
fn time_for_a_program_that_will_not_stop() {
    let code = "while True:\n try:\n  while True: pass\n except BaseException: pass";
    run(&["--timeout", "300ms", "-c", code])
        .exits(1)
        .says("error: the time limit of 300 ms is over\n");
}

#[test]
fn no_time_limit() {
    run(&["--timeout", "none", "-c", "1"])
        .exits(0)
        .prints("1\n");
    run(&["--timeout", "0", "-c", "1"]).exits(0).prints("1\n");
}

#[test]
fn memory() {
    run(&["--memory", "128M", "-c", "x = bytearray(200 << 20)"])
        .exits(1)
        .says("MemoryError")
        .says("hint: `--memory 1GiB` allows more");
    run(&["--memory", "512M", "-c", "len(bytearray(200 << 20))"])
        .exits(0)
        .prints("209715200\n");
}

#[test]
fn memory_that_cannot_be() {
    run(&["--memory", "1M", "-c", "1"])
        .exits(2)
        .says("hint: `--memory SIZE` sets it");
    run(&["--memory", "5G", "-c", "1"])
        .exits(2)
        .says("it is at most 4294967296");
}

#[test]
fn fuel() {
    fuel_image();
    run(&["--fuel", "1M", "-c", "while True: pass"])
        .exits(1)
        .says("error: the fuel limit of 1,000,000 is spent\n");
    run(&["--fuel", "10G", "-c", "1 + 1"])
        .exits(0)
        .prints("2\n");
    run(&["--fuel", "0", "-c", "1"])
        .exits(2)
        .says("error: fuel cannot be 0");
}

#[test]
fn output() {
    let ended = run(&[
        "--output-limit",
        "10K",
        "-c",
        "while True: print('x' * 100)",
    ])
    .exits(1);
    assert!(
        ended.stdout.len() <= 10 << 10,
        "{} bytes",
        ended.stdout.len()
    );
    ended
        .says("error: the output limit of 10 KiB is spent\n")
        .says("hint: `--output-limit SIZE`");
}

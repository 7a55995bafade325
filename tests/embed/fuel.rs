//! Fuel, and runs that repeat to the unit.

use std::time::{Duration, SystemTime};

use crate::support::{check, finished, first, fuel_runtime, raised, run, runtime, start, value};
use sandcell::{Busy, Checkpoints, Context, Determinism, Durability, End, Limit, Runtime};

const PLENTY: u64 = 1 << 40;

fn fixed(seed: u64) -> Determinism {
    Determinism {
        seed,
        start: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    }
}

#[tokio::test]
async fn fuel_is_counted_and_grows_with_the_work() {
    let runtime = fuel_runtime().await;
    let context = first(&start(runtime.sandbox().fuel(PLENTY)).await);
    let small = run(&context, "1")
        .await
        .outcome
        .usage
        .fuel
        .expect("fuel is counted");
    let large = run(&context, "sum(range(100_000))")
        .await
        .outcome
        .usage
        .fuel
        .expect("fuel is counted");
    assert!(small > 0 && large > small + 100_000, "{small} {large}");
}

#[tokio::test]
async fn without_a_fuel_limit_none_is_counted() {
    let context = first(&start(runtime().await.sandbox()).await);
    assert_eq!(run(&context, "1").await.outcome.usage.fuel, None);
}

#[tokio::test]
async fn who_runs_out_of_fuel_is_stopped_and_starts_anew() {
    let allowed = 200_000_000;
    let builder = fuel_runtime().await.sandbox().fuel(allowed);
    let context = first(&start(builder.checkpoints(Checkpoints::Never)).await);
    finished(&context, "x = 1").await;
    for code in [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ] {
        let outcome = run(&context, code).await.outcome;
        let limit = Limit::Fuel;
        assert_eq!(outcome.end, End::Exhausted { limit, allowed }, "{code}");
        assert!(outcome.lost.is_some(), "{code}");
        assert_eq!(outcome.usage.fuel, Some(allowed), "{code}");
    }
    assert_eq!(raised(&context, "x").await.name, "NameError");
    // Each execution has fuel of its own.
    let mut spent = 0;
    while spent < 2 * allowed {
        let report = finished(&context, "sum(range(100_000))").await;
        spent += report.outcome.usage.fuel.expect("fuel is counted");
    }
}

#[tokio::test]
async fn sleeping_and_waiting_burn_little_fuel() {
    let context = first(&start(fuel_runtime().await.sandbox().fuel(PLENTY)).await);
    finished(&context, "import time, asyncio").await;
    let fuel = |report: sandcell::Report| report.outcome.usage.fuel.unwrap();
    let short = fuel(run(&context, "time.sleep(0.001)").await);
    let long = fuel(run(&context, "time.sleep(0.2)").await);
    assert!(long < short * 2, "{short} {long}");
}

/// Cells that look at everything that may differ between two runs.
const CELLS: [&str; 8] = [
    "import random, uuid, secrets, os, time, datetime, tempfile, asyncio; 'imported'",
    "random.random(), random.randrange(10**9), random.sample(range(100), 5)",
    "uuid.uuid4(), uuid.uuid1(), secrets.token_hex(8), os.urandom(8), random.SystemRandom().random()",
    "time.time(), time.monotonic(), time.perf_counter(), time.process_time(), datetime.datetime.now()",
    "tempfile.mkdtemp(), os.stat(tempfile.gettempdir()).st_mtime, sorted(os.listdir('/tmp'))",
    "t = time.time(); time.sleep(3600); await asyncio.sleep(3600); time.time() - t",
    "{str(n) for n in range(50)}, [hash(str(n)) for n in range(5)], id(object())",
    "print('text', sum(n * n for n in range(10_000)))\n1 / 0",
];

/// What the cells show, and the fuel that each burns.
async fn record(context: &Context) -> Vec<(String, Option<u64>)> {
    let mut records = Vec::new();
    for code in CELLS {
        let report = run(context, code).await;
        let shown = format!(
            "{:?} {} {}",
            report.result,
            report.stdout_text(),
            report.outcome.end
        );
        records.push((shown, report.outcome.usage.fuel));
    }
    records
}

async fn recorded(runtime: &Runtime, seed: u64) -> Vec<(String, Option<u64>)> {
    let builder = runtime.sandbox().fuel(PLENTY).determinism(fixed(seed));
    record(&first(&start(builder).await)).await
}

#[tokio::test]
async fn equal_seeds_give_equal_output_and_equal_fuel() {
    let runtime = fuel_runtime().await;
    let expected = recorded(&runtime, 7).await;
    assert!(expected.iter().all(|(_, fuel)| fuel.is_some()));
    for _ in 0..3 {
        assert_eq!(recorded(&runtime, 7).await, expected);
    }
    let warm = crate::support::warm_runtime(2).await;
    warm.warm_up().await.unwrap();
    assert_eq!(recorded(&warm, 7).await, expected);
    // And side by side, each at its own pace.
    let (one, two) = tokio::join!(recorded(&runtime, 7), recorded(&runtime, 7));
    assert_eq!((&one, &two), (&expected, &expected));
}

#[tokio::test]
async fn a_pause_or_a_copy_does_not_change_a_repeatable_run() {
    let runtime = runtime().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved");
    let builder = || runtime.sandbox().determinism(fixed(4));
    let cell = "import os, random, time; os.urandom(4), random.random(), time.time(), open('/dev/urandom', 'rb').read(4)";
    let plain = start(builder()).await;
    let first_cell = finished(&first(&plain), cell).await;
    let second_cell = finished(&first(&plain), cell).await;
    assert_ne!(first_cell.text(), second_cell.text());
    let paused = start(builder()).await;
    assert_eq!(
        finished(&first(&paused), cell).await.text(),
        first_cell.text()
    );
    let snapshot = paused.pause(Busy::default()).await.unwrap().unwrap();
    snapshot.save(&path, Durability::Process).await.unwrap();
    paused.resume().unwrap();
    let loaded = runtime.load_snapshot(&path).await.unwrap();
    let loaded = start(runtime.sandbox().resume(&loaded)).await;
    for sandbox in [paused, loaded] {
        assert_eq!(
            finished(&first(&sandbox), cell).await.text(),
            second_cell.text()
        );
    }
}

#[tokio::test]
async fn another_seed_gives_other_randomness() {
    let runtime = fuel_runtime().await;
    let (one, two) = (recorded(&runtime, 7).await, recorded(&runtime, 8).await);
    assert_ne!(one[1].0, two[1].0);
    assert_ne!(one[2].0, two[2].0);
    // Time is not random.
    assert_eq!(one[3].0, two[3].0);
}

#[tokio::test]
async fn determinism_needs_no_fuel() {
    let runtime = runtime().await;
    let builder = || runtime.sandbox().determinism(fixed(3));
    let one = record(&first(&start(builder()).await)).await;
    let two = record(&first(&start(builder()).await)).await;
    assert_eq!(one, two);
}

#[tokio::test]
async fn fixed_time_starts_where_it_is_told_and_moves_by_sleeping() {
    let runtime = runtime().await;
    let context = first(&start(runtime.sandbox().determinism(fixed(1))).await);
    check(&context, "import time; int(time.time())", "1700000000").await;
    // A day passes at once: the wall-time limit of five minutes is not met.
    check(
        &context,
        "time.sleep(86400); int(time.time())",
        "1700086400",
    )
    .await;
    check(
        &context,
        "import datetime; str(datetime.date.today())",
        "'2023-11-15'",
    )
    .await;
    let files = value(
        &context,
        "open('f', 'w').close(); import os; int(os.stat('f').st_mtime)",
    )
    .await;
    assert_eq!(files, "1700086400");
}

#[tokio::test]
async fn contexts_of_a_fixed_sandbox_repeat_as_well() {
    let runtime = runtime().await;
    let mut all = Vec::new();
    for _ in 0..2 {
        let sandbox = start(runtime.sandbox().determinism(fixed(5))).await;
        let second = sandbox.create_context().await.unwrap();
        all.push((
            value(&first(&sandbox), "import random; random.random()").await,
            value(&second, "import random; random.random()").await,
        ));
    }
    assert_eq!(all[0], all[1]);
}

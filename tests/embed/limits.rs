//! Each limit, enforced, with its typed end.

use std::time::Duration;

use crate::support::{
    Gate, LONG, builder, check, exception, finished, first, raised, refusal, run, runtime, start,
};
use sandcell::{
    Checkpoints, End, Error, ErrorKind, InterruptCause, Limit, Limits, RunCode, SandboxBuilder,
};
use serde_json::Value;

const SOON: Duration = Duration::from_millis(200);

async fn limited(change: impl FnOnce(&mut Limits)) -> SandboxBuilder {
    let mut limits = Limits::default();
    limits.grace = LONG;
    change(&mut limits);
    runtime().await.sandbox().limits(limits)
}

#[tokio::test]
async fn the_defaults_are_those_of_the_documentation() {
    let limits = Limits::default();
    assert_eq!(limits.memory_bytes, 512 << 20);
    assert_eq!(limits.wall, Some(Duration::from_secs(300)));
    assert_eq!(limits.grace, Duration::from_millis(500));
    assert_eq!(limits.fuel, None);
    assert_eq!(limits.output_bytes, 64 << 20);
    assert_eq!(limits.cell_bytes, 4 << 20);
    let sandbox = start(runtime().await.sandbox()).await;
    assert_eq!(*sandbox.limits(), limits);
}

#[tokio::test]
async fn memory_ends_in_a_memory_error_and_the_context_lives() {
    let bound = 128 << 20;
    let context = first(&start(builder().await.memory_bytes(bound)).await);
    finished(&context, "kept = 'here'").await;
    for code in [
        "bytearray(1 << 30)",
        "parts = []\nwhile True: parts.append(bytearray(1 << 20))",
    ] {
        let report = run(&context, code).await;
        assert_eq!(exception(&report.outcome).name, "MemoryError", "{code}");
        assert_eq!(report.outcome.lost, None);
        assert!(
            report.outcome.usage.peak_memory_bytes <= bound,
            "{:?}",
            report.outcome.usage
        );
    }
    check(
        &context,
        "del parts\nkept, len(bytearray(16 << 20))",
        "('here', 16777216)",
    )
    .await;
}

#[tokio::test]
async fn the_deadline_raises_and_variables_live_on() {
    let context = first(&start(builder().await.wall(SOON)).await);
    let (shown, outcome) = crate::support::events(&context, "n = 1\nwhile True: n += 1").await;
    assert_eq!(
        outcome.end,
        End::Interrupted {
            by: InterruptCause::Deadline
        }
    );
    assert_eq!(outcome.lost, None);
    assert!(outcome.usage.wall >= SOON, "{:?}", outcome.usage);
    assert_eq!(crate::support::sketch(&shown), ["error KeyboardInterrupt"]);
    check(&context, "n > 1", "True").await;
}

#[tokio::test]
async fn a_run_can_have_a_deadline_of_its_own() {
    let context = first(&start(builder().await.wall(SOON)).await);
    let sleepy = || RunCode::new("import time; time.sleep(0.4); 'slept'");
    check(&context, sleepy().wall(None), "'slept'").await;
    check(&context, sleepy().wall(Some(LONG)), "'slept'").await;
    let report = run(
        &context,
        RunCode::new("while True: pass").wall(Some(Duration::ZERO)),
    )
    .await;
    assert_eq!(
        report.outcome.end,
        End::Interrupted {
            by: InterruptCause::Deadline
        }
    );
    assert_eq!(report.outcome.lost, None);
}

#[tokio::test]
async fn a_cell_may_answer_its_deadline() {
    let context = first(&start(builder().await.wall(SOON)).await);
    let code = "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    said = 'saved'\nsaid";
    check(&context, code, "'saved'").await;
}

#[tokio::test]
async fn who_swallows_the_interrupt_is_stopped_by_force() {
    let grace = Duration::from_millis(100);
    let builder = builder().await.wall(SOON).grace(grace);
    let sandbox = start(builder.checkpoints(Checkpoints::Never)).await;
    let context = first(&sandbox);
    let kept = context
        .execute("x = 1; open('kept.txt', 'w').write('file')")
        .unwrap();
    let kept_id = kept.id();
    assert_eq!(kept.outcome().await.unwrap().end, End::Finished);
    let stubborn = context
        .execute("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
        .unwrap();
    let stubborn_id = stubborn.id();
    let outcome = stubborn.outcome().await.unwrap();
    assert_eq!(
        outcome.end,
        End::Interrupted {
            by: InterruptCause::Deadline
        }
    );
    let lost = outcome.lost.expect("the context was lost");
    assert_eq!((lost.first, lost.last), (kept_id, stubborn_id));
    assert!(outcome.usage.wall >= SOON + grace, "{:?}", outcome.usage);
    // The same context goes on with a fresh interpreter and the same files.
    assert_eq!(raised(&context, "x").await.name, "NameError");
    check(&context, "open('/home/user/kept.txt').read()", "'file'").await;
    let again = context
        .execute("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
        .unwrap();
    let lost = again
        .outcome()
        .await
        .unwrap()
        .lost
        .expect("the fresh one was lost, too");
    assert!(
        lost.first > stubborn_id,
        "what was lost before is not lost again: {lost:?}"
    );
}

#[tokio::test]
async fn no_grace_means_force_at_once() {
    let context = first(&start(builder().await.wall(SOON).grace(Duration::ZERO)).await);
    let outcome = run(&context, "x = 1\nwhile True: pass").await.outcome;
    assert_eq!(
        outcome.end,
        End::Interrupted {
            by: InterruptCause::Deadline
        }
    );
    assert!(outcome.lost.is_some());
    assert_eq!(raised(&context, "x").await.name, "NameError");
}

#[tokio::test]
async fn output_is_bounded_for_each_execution() {
    let bound = 100_000;
    let context = first(&start(builder().await.output_bytes(bound)).await);
    finished(&context, "kept = 5").await;
    for code in [
        "while True: print('x' * 1000)",
        "import os\nwhile True: os.write(1, b'x' * 1000)",
        "while True: display('x' * 1000)",
        "import sys\nwhile True: sys.stderr.write('x' * 1000)",
        "print('x' * 200_000)",
        "'x' * 200_000",
    ] {
        let report = run(&context, code).await;
        let expected = End::Exhausted {
            limit: Limit::Output,
            allowed: bound,
        };
        assert_eq!(report.outcome.end, expected, "{code}");
        assert_eq!(report.outcome.lost, None, "{code}");
        assert!(
            report.outcome.usage.output_bytes <= bound,
            "{code}: {:?}",
            report.outcome.usage
        );
        let shown = report.stdout.len() + report.stderr.len();
        assert!(shown as u64 <= bound, "{code}: {shown}");
    }
    check(&context, "print('x' * 90_000); kept", "5").await;
}

#[tokio::test]
async fn a_cell_has_a_size() {
    let context = first(&start(limited(|limits| limits.cell_bytes = 100).await).await);
    let longest = format!("'{}'", "x".repeat(98));
    finished(&context, longest.clone()).await;
    let error = refusal(context.execute(longest + " "));
    assert!(
        matches!(
            error,
            Error::LimitExceeded {
                limit: Limit::Cell,
                allowed: 100,
                asked: 101
            }
        ),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Limit);
    check(&context, "1", "1").await;
}

#[tokio::test]
async fn a_sandbox_has_a_number_of_contexts() {
    let sandbox = start(limited(|limits| limits.contexts = 2).await).await;
    let second = sandbox.create_context().await.unwrap();
    let error = refusal(sandbox.create_context().await);
    assert!(
        matches!(
            error,
            Error::LimitExceeded {
                limit: Limit::Contexts,
                allowed: 2,
                asked: 3
            }
        ),
        "{error}"
    );
    sandbox.close_context(second.id()).unwrap();
    let third = sandbox.create_context().await.unwrap();
    check(&third, "1 + 2", "3").await;
}

#[tokio::test]
async fn waiting_cells_are_bounded() {
    let gate = Gate::new();
    let context = first(&start(gate.install(builder().await)).await);
    let running = context.execute("gate()").unwrap();
    gate.arrived().await;
    let mut waiting = Vec::new();
    let error = loop {
        match context.execute("1") {
            Ok(execution) => waiting.push(execution),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Busy { queued: 1024 }), "{error}");
    assert_eq!(waiting.len(), 1024);
    drop(waiting);
    gate.open();
    assert_eq!(running.outcome().await.unwrap().end, End::Finished);
    check(&context, "2", "2").await;
}

async fn echoing(change: impl FnOnce(&mut Limits)) -> SandboxBuilder {
    let builder = limited(change).await;
    let builder = builder.host_function("echo", None, |value: Value| async move { Ok(value) });
    builder.host_function("grow", None, |value: Value| async move {
        let bytes = usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0);
        Ok(Value::String("x".repeat(bytes)))
    })
}

#[tokio::test]
async fn host_calls_are_counted_for_each_execution() {
    let context = first(&start(echoing(|limits| limits.calls = 3).await).await);
    for _ in 0..2 {
        let report = run(&context, "for n in range(3): echo(n)\necho(3)").await;
        let exception = exception(&report.outcome);
        assert_eq!(exception.name, "HostFunctionError");
        assert!(
            exception.value.starts_with("CallLimitExceeded"),
            "{}",
            exception.value
        );
        assert_eq!(report.outcome.usage.calls, 3);
    }
    check(&context, "[echo(n) for n in range(3)]", "[0, 1, 2]").await;
}

#[tokio::test]
async fn host_calls_at_once_are_bounded() {
    let gate = Gate::new();
    let context =
        first(&start(gate.install(limited(|limits| limits.calls_at_once = 2).await)).await);
    let code = "import asyncio
one, two = asyncio.ensure_future(gate()), asyncio.ensure_future(gate())
try:
    await gate()
except Exception as error:
    print(type(error).__name__, error.name)
await asyncio.gather(one, two)
await gate()
'all'";
    let execution = context.execute(code).unwrap();
    for _ in 0..3 {
        gate.open();
    }
    let report = execution.report().await.unwrap();
    assert_eq!(report.stdout_text(), "HostFunctionError TooManyCalls\n");
    assert_eq!(report.text(), Some("'all'"));
}

#[tokio::test]
async fn arguments_and_answers_have_a_size() {
    let context = first(&start(echoing(|limits| limits.call_bytes = 1000).await).await);
    check(
        &context,
        "len(echo('x' * 900)), len(grow(900))",
        "(900, 900)",
    )
    .await;
    let large = raised(&context, "echo('x' * 1000)").await;
    assert!(
        large.value.starts_with("ArgumentsTooLarge"),
        "{}",
        large.value
    );
    let large = raised(&context, "grow(1000)").await;
    assert!(
        large.value.starts_with("HostAnswerTooLarge"),
        "{}",
        large.value
    );
    check(&context, "echo('still')", "'still'").await;
}

#[tokio::test]
async fn files_are_bounded_in_bytes_number_and_descriptors() {
    let builder = limited(|limits| {
        limits.file_bytes = 1 << 20;
        limits.file_entries = 100;
        limits.descriptors = 20;
    });
    let context = first(&start(builder.await).await);
    finished(&context, "import errno, os\ndef refused(function):\n    try:\n        function()\n    except OSError as error:\n        return errno.errorcode[error.errno]").await;
    finished(&context, "def fill():\n    with open('big', 'wb', buffering=0) as file:\n        while True: file.write(bytes(65536))").await;
    check(&context, "refused(fill)", "'ENOSPC'").await;
    check(&context, "os.path.getsize('big') <= 1 << 20", "True").await;
    finished(
        &context,
        "os.remove('big')\ndef many():\n    for n in range(1000): os.mkdir(f'folder{n}')",
    )
    .await;
    check(&context, "refused(many)", "'ENOSPC'").await;
    check(&context, "1 < len(os.listdir()) <= 100", "True").await;
    finished(&context, "opened = []\ndef hold():\n    while True: opened.append(open('/dev/null' if os.path.exists('/dev/null') else '/usr/lib/python3.13/os.py'))").await;
    check(&context, "refused(hold)", "'EMFILE'").await;
    check(
        &context,
        "opened.clear(); open('/usr/lib/python3.13/os.py').close(); 'again'",
        "'again'",
    )
    .await;
}

#[tokio::test]
async fn limits_that_cannot_be_are_refused() {
    let image_bytes = runtime()
        .await
        .cache()
        .image(crate::support::IMAGE)
        .unwrap()
        .memory_bytes;
    type Change = fn(&mut Limits);
    let cases: [(&str, Change); 6] = [
        ("memory_bytes", |limits| limits.memory_bytes = (4 << 30) + 1),
        ("memory_bytes", |limits| limits.memory_bytes = 1 << 20),
        ("cell_bytes", |limits| limits.cell_bytes = (64 << 20) + 1),
        ("call_bytes", |limits| limits.call_bytes = (256 << 20) + 1),
        ("contexts", |limits| limits.contexts = 0),
        ("fuel", |limits| limits.fuel = Some(0)),
    ];
    for (name, change) in cases {
        let error = refusal(limited(change).await.start().await);
        assert!(
            matches!(&error, Error::BadSetting { setting, .. } if *setting == name),
            "{name}: {error}"
        );
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let smallest = limited(|limits| limits.memory_bytes = image_bytes).await;
    check(&first(&start(smallest).await), "1", "1").await;
    let error = refusal(
        builder()
            .await
            .host_function("not a name", None, |v: Value| async { Ok(v) })
            .start()
            .await,
    );
    assert!(
        matches!(
            error,
            Error::BadSetting {
                setting: "host_function",
                ..
            }
        ),
        "{error}"
    );
}

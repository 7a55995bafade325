//! Functions of the host, called from Python.

use std::sync::{Arc, Mutex, OnceLock};

use crate::support::{Gate, builder, check, finished, first, raised, run, start, value};
use sandcell::{Context, Error, HostError, SandboxBuilder};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

async fn with(add: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Context {
    first(&start(add(builder().await)).await)
}

fn echo(builder: SandboxBuilder) -> SandboxBuilder {
    builder.host_function("echo", None, |value| async move { Ok(value) })
}

fn failing(builder: SandboxBuilder) -> SandboxBuilder {
    builder
        .host_function("fail", None, |_| async { Err(HostError::new("not today")) })
        .host_function("named", None, |_| async {
            Err(HostError::named("NoSuchUser", "ada ü"))
        })
        .host_function("panics", None, |value: Value| async move {
            assert!(value.is_null(), "a host function that panics");
            Ok(value)
        })
        .host_function("panics_early", None, |value: Value| {
            assert!(
                value.is_null(),
                "a host function that panics before its future"
            );
            async move { Ok(value) }
        })
}

#[tokio::test]
async fn a_function_is_called_plainly_and_awaited() {
    let context = with(echo).await;
    check(&context, "echo('plain')", "'plain'").await;
    check(&context, "await echo('awaited')", "'awaited'").await;
    check(
        &context,
        "async def inside(): return await echo('inside')\nawait inside()",
        "'inside'",
    )
    .await;
    check(
        &context,
        "import asyncio; asyncio.run(inside())",
        "'inside'",
    )
    .await;
    check(
        &context,
        "def plain(): return echo('deep')\nplain()",
        "'deep'",
    )
    .await;
    check(&context, "[echo(n) for n in range(3)]", "[0, 1, 2]").await;
    check(
        &context,
        "from sandcell import echo as other; other(1)",
        "1",
    )
    .await;
    check(&context, "await asyncio.wait_for(echo(5), 1000)", "5").await;
}

#[tokio::test]
async fn values_keep_their_types_both_ways() {
    let context = with(echo).await;
    for value in [
        "None",
        "True",
        "0",
        "-1",
        "9007199254740993",
        "-9223372036854775808",
        "1.5",
        "1e+300",
        "''",
        "'ü🐍\\x00'",
        "[]",
        "[1, [2, [3]]]",
        "{}",
        "{'a': {'b': [None]}, 'ü': 1}",
    ] {
        check(&context, format!("echo([{value}])"), &format!("[{value}]")).await;
    }
    check(
        &context,
        "echo(1, 2), echo(a=1), echo()",
        "([1, 2], {'a': 1}, {})",
    )
    .await;
    check(&context, "echo((1, 2))", "[1, 2]").await;
}

#[tokio::test]
async fn values_that_json_cannot_hold_are_an_exception() {
    let context = with(echo).await;
    for argument in [
        "object()",
        "{1, 2}",
        "b'bytes'",
        "echo",
        "{(1, 2): 3}",
        "float('nan')",
        "float('inf')",
    ] {
        let exception = raised(&context, format!("echo({argument})")).await;
        assert_eq!(
            exception.name, "TypeError",
            "{argument}: {}",
            exception.value
        );
    }
    let circle = raised(&context, "x = []; x.append(x); echo(x)").await;
    assert_eq!(circle.name, "TypeError", "{}", circle.value);
    let deep = raised(&context, "x = []\nfor _ in range(500): x = [x]\necho(x)").await;
    assert_eq!(deep.name, "HostFunctionError", "{}", deep.value);
    // UTF-8 has no lone surrogates.
    check(&context, "echo('a\\ud800')", "'a?'").await;
    check(&context, "echo('alive')", "'alive'").await;
}

#[tokio::test]
async fn calls_under_gather_are_under_way_together() {
    let barrier = Arc::new(Barrier::new(3));
    let context = with(|builder| {
        builder.host_function("meet", None, move |value| {
            let barrier = Arc::clone(&barrier);
            async move {
                // Answers only when three calls are here at the same time.
                barrier.wait().await;
                Ok(value)
            }
        })
    })
    .await;
    let code = "import asyncio\nawait asyncio.gather(meet(1), meet(2), meet(3))";
    check(&context, code, "[1, 2, 3]").await;
    let code = "async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(asyncio.wait_for(meet(n), 1000)) for n in range(3)]
[task.result() for task in tasks]";
    check(&context, code, "[0, 1, 2]").await;
    // A call starts when it is made, not when it is awaited.
    check(
        &context,
        "one, two, three = meet(1), meet(2), meet(3)\nawait two, await three, await one",
        "(2, 3, 1)",
    )
    .await;
}

#[tokio::test]
async fn an_error_is_an_exception() {
    let context = with(failing).await;
    let exception = raised(&context, "fail()").await;
    assert_eq!(
        (exception.name.as_str(), exception.value.as_str()),
        ("HostFunctionError", "HostError: not today")
    );
    let exception = raised(&context, "await fail()").await;
    assert_eq!(exception.value, "HostError: not today");
    let code = "import sandcell
try:
    named(1)
except sandcell.HostFunctionError as error:
    said = error.name, error.message, error.function
said";
    check(&context, code, "('NoSuchUser', 'ada ü', 'named')").await;
    let code = "import asyncio\n[type(e).__name__ for e in await asyncio.gather(fail(), fail(), return_exceptions=True)]";
    check(&context, code, "['HostFunctionError', 'HostFunctionError']").await;
}

#[tokio::test]
async fn a_panic_is_an_exception_and_nothing_more() {
    let context = with(failing).await;
    finished(&context, "x = 3").await;
    for call in [
        "panics(1)",
        "panics_early(1)",
        "await panics(1)",
        "await panics_early(1)",
    ] {
        let exception = raised(&context, call).await;
        assert_eq!(exception.name, "HostFunctionError", "{call}");
        assert!(
            exception.value.starts_with("HostPanic"),
            "{call}: {}",
            exception.value
        );
    }
    check(&context, "x", "3").await;
}

#[tokio::test]
async fn functions_that_were_not_given_are_not_there() {
    let context = with(echo).await;
    assert_eq!(raised(&context, "lookup(1)").await.name, "NameError");
    let code = "import _sandcell\n[_sandcell.call(b'{\"name\":\"lookup\",\"args\":[],\"kwargs\":{}}'), _sandcell.call(b'nonsense')]";
    check(&context, code, "[-1, -4]").await;
    let alone = crate::support::context().await;
    assert_eq!(raised(&alone, "echo(1)").await.name, "NameError");
}

fn schema() -> Value {
    json!({
        "description": "Finds a product.",
        "properties": {"price": {"type": "number"}, "name": {"type": "string"}, "colour": {"type": "string"}},
        "required": ["name", "price"],
    })
}

#[tokio::test]
async fn a_schema_names_positional_arguments_and_documents() {
    let context =
        with(|builder| builder.host_function("find", schema(), |value| async move { Ok(value) }))
            .await;
    check(&context, "find('tea', 2)", "{'name': 'tea', 'price': 2}").await;
    check(
        &context,
        "find('tea', price=2, colour='red')",
        "{'colour': 'red', 'name': 'tea', 'price': 2}",
    )
    .await;
    check(
        &context,
        "find('tea', 2, 'red')",
        "{'colour': 'red', 'name': 'tea', 'price': 2}",
    )
    .await;
    check(&context, "'Finds a product.' in find.__doc__", "True").await;
    check(
        &context,
        "import inspect; list(inspect.signature(find).parameters)",
        "['name', 'price', 'colour']",
    )
    .await;
    let twice = raised(&context, "find('tea', name='x')").await;
    assert!(twice.value.contains("name"), "{}", twice.value);
    let many = raised(&context, "find(1, 2, 3, 4)").await;
    assert!(
        many.value.contains("too many positional arguments"),
        "{}",
        many.value
    );
}

#[tokio::test]
async fn code_in_the_calling_context_is_refused_and_elsewhere_it_runs() {
    let contexts = Arc::new(OnceLock::<(Context, Context)>::new());
    let known = Arc::clone(&contexts);
    let builder = builder().await.host_function("again", None, move |_| {
        let known = Arc::clone(&known);
        async move {
            let (own, other) = known.get().unwrap();
            let refused = matches!(own.execute("1"), Err(Error::Reentrant));
            let report = other.execute("6 * 7").unwrap().report().await.unwrap();
            Ok(json!([refused, report.text()]))
        }
    });
    let sandbox = start(builder).await;
    let own = first(&sandbox);
    let other = sandbox.create_context().await.unwrap();
    contexts.set((own.clone(), other)).unwrap();
    check(&own, "again()", "[True, '42']").await;
    check(&own, "await again()", "[True, '42']").await;
    check(&own, "'alive'", "'alive'").await;
}

#[tokio::test]
async fn a_call_may_outlive_its_cell() {
    let gate = Gate::new();
    let context = with(|builder| gate.install(builder)).await;
    finished(&context, "import asyncio\nasync def later():\n    return await gate(), 'answered'\ntask = asyncio.create_task(later())\nawait asyncio.sleep(0)").await;
    gate.arrived().await;
    check(&context, "task.done()", "False").await;
    gate.open();
    check(&context, "await task", "(None, 'answered')").await;
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_does_no_harm() {
    let gate = Gate::new();
    let context = with(|builder| gate.install(builder)).await;
    let code = "import asyncio
try:
    await asyncio.wait_for(gate(), 0.01)
except TimeoutError:
    print('late')";
    assert_eq!(finished(&context, code).await.stdout_text(), "late\n");
    gate.open();
    check(&context, "await asyncio.sleep(0.01, 'on')", "'on'").await;
}

/// Tells when it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_call_ends_with_its_sandbox() {
    let ended = Arc::new(Notify::new());
    let came = Arc::new(Notify::new());
    let (dropped, arrived) = (Arc::clone(&ended), Arc::clone(&came));
    let builder = builder().await.host_function("forever", None, move |_| {
        let guard = Dropped(Arc::clone(&dropped));
        let arrived = Arc::clone(&arrived);
        async move {
            let _guard = guard;
            arrived.notify_one();
            std::future::pending().await
        }
    });
    let sandbox = start(builder).await;
    let context = first(&sandbox);
    let execution = context.execute("forever()").unwrap();
    came.notified().await;
    sandbox.close();
    // Its future is dropped: this would wait for ever otherwise.
    ended.notified().await;
    let outcome = execution.outcome().await.unwrap();
    assert_eq!(
        outcome.end,
        sandcell::End::Interrupted {
            by: sandcell::InterruptCause::Closed
        }
    );
}

#[tokio::test]
async fn functions_know_nothing_of_other_sandboxes() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recording = |name: &'static str| {
        let seen = Arc::clone(&seen);
        move |builder: SandboxBuilder| {
            builder.host_function("tell", None, move |value| {
                seen.lock().unwrap().push((name, value));
                async { Ok(Value::Null) }
            })
        }
    };
    let (one, two) = (with(recording("one")).await, with(recording("two")).await);
    finished(&one, "tell('a')").await;
    finished(&two, "tell('b')").await;
    assert_eq!(
        *seen.lock().unwrap(),
        [("one", json!("a")), ("two", json!("b"))]
    );
}

#[tokio::test]
async fn calls_are_counted_in_the_usage() {
    let context = with(echo).await;
    let report = run(
        &context,
        "import asyncio\nawait asyncio.gather(*[echo(n) for n in range(10)])\necho(1)",
    )
    .await;
    assert_eq!(report.outcome.usage.calls, 11);
    assert_eq!(run(&context, "1").await.outcome.usage.calls, 0);
}

#[tokio::test]
async fn a_variable_of_the_same_name_wins_and_the_function_stays_in_its_module() {
    let context = with(echo).await;
    finished(&context, "echo = 'mine'").await;
    check(&context, "echo", "'mine'").await;
    check(&context, "import sandcell; sandcell.echo(2)", "2").await;
    let shown = value(&context, "sandcell.echo").await;
    assert_eq!(shown, "<host function echo(...)>");
}

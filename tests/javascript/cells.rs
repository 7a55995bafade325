//! What a cell is: values, declarations that live on, awaiting, timers.

use sandcell::{End, Event};

use crate::guest::{cells, context};
use crate::support::{check, events, finished, raised, run, sketch};

#[tokio::test]
async fn the_last_value_is_the_result() {
    cells(&[
        ("1 + 1", "2"),
        ("'text'", "'text'"),
        ("`it's`", "\"it's\""),
        ("-0", "-0"),
        ("10n ** 20n", "100000000000000000000n"),
        ("null", "null"),
        ("({ a: 1, b: [1, 'x', { c: { d: {} } }] })", "{ a: 1, b: [ 1, 'x', { c: [Object] } ] }"),
        ("[new Map([[1, { a: 2 }]]), new Set('ab')]", "[ Map(1) { 1 => { a: 2 } }, Set(2) { 'a', 'b' } ]"),
        ("if (true) { 'from a block' }", "'from a block'"),
        ("class A {}; new A()", "A {}"),
        ("(class B extends Map {})", "[class B extends Map]"),
        ("[() => 1, function f() {}, async () => {}]", "[ [Function (anonymous)], [Function: f], [AsyncFunction (anonymous)] ]"),
        ("[Promise.resolve(1), Promise.reject(2).catch(() => 3), new Promise(() => {})].slice(0, 1)", "[ Promise { 1 } ]"),
        ("[/a/g, new Date(0), Symbol('s'), new Uint8Array(2)]", "[ /a/g, 1970-01-01T00:00:00.000Z, Symbol(s), Uint8Array(2) [ 0, 0 ] ]"),
        ("const circle = {}; circle.self = circle; circle", "<ref *1> { self: [Circular *1] }"),
    ])
    .await;
    let context = context().await;
    for code in ["undefined", "let quiet = 1", "", "// nothing", "void 0"] {
        assert_eq!(finished(&context, code).await.text(), None, "{code}");
    }
}

#[tokio::test]
async fn declarations_live_on_and_may_be_made_again() {
    cells(&[
        ("let a = 5; const b = 6; class K { x() { return 1 } }\nfunction see() { return [a, b, typeof K] }; see()", "[ 5, 6, 'function' ]"),
        ("a += 1; see()", "[ 6, 6, 'function' ]"),
        ("let a = 'new'; const b = 'newer'; see()", "[ 'new', 'newer', 'function' ]"),
        ("const K = 3; see()", "[ 'new', 'newer', 'number' ]"),
        ("var a = 7; a", "7"),
        ("function b() { return 'function now' }; b()", "'function now'"),
        ("const { c, ...d } = { c: 1, e: 2, f: 3 }; d", "{ e: 2, f: 3 }"),
        ("globalThis.g = 1; g", "1"),
    ])
    .await;
    let context = context().await;
    finished(&context, "const fixed = 1").await;
    assert_eq!(raised(&context, "fixed = 2").await.name, "TypeError");
    // A declaration that failed is no obstacle.
    raised(&context, "let broken = (() => { throw new Error('no') })()").await;
    check(&context, "let broken = 2; broken", "2").await;
}

#[tokio::test]
async fn await_stands_at_the_top() {
    cells(&[
        ("await Promise.resolve(4)", "4"),
        ("const late = await new Promise((r) => setTimeout(() => r('late'), 5)); late", "'late'"),
        ("late", "'late'"),
        ("new Promise((r) => setTimeout(() => r({ x: 1 }), 5))", "{ x: 1 }"),
        ("(async () => 7)()", "7"),
        ("let sum = 0; for await (const n of (async function* () { yield 1; yield 2 })()) sum += n; sum", "3"),
        ("Promise.all([1, Promise.resolve(2)])", "[ 1, 2 ]"),
    ])
    .await;
}

#[tokio::test]
async fn timers_keep_a_cell_open() {
    let context = context().await;
    let code = "setTimeout(() => console.log('second'), 20);\
                setTimeout((a, b) => console.log('first', a, b), 5, 1, 2);\
                setImmediate(() => console.log('at once'));\
                queueMicrotask(() => console.log('micro')); process.nextTick(() => console.log('tick')); 'value'";
    let (seen, outcome) = events(&context, code).await;
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(
        sketch(&seen),
        [
            "out \"micro\\n\"",
            "out \"tick\\n\"",
            "result 'value'",
            "out \"at once\\n\"",
            "out \"first 1 2\\n\"",
            "out \"second\\n\""
        ]
    );
    cells(&[
        ("let n = 0; const every = setInterval(() => { if (++n === 3) clearInterval(every) }, 1); 0", "0"),
        ("n", "3"),
        ("const stopped = setTimeout(() => { n = 'no' }, 1); clearTimeout(stopped); clearTimeout(+stopped); 1", "1"),
        ("n", "3"),
        ("setTimeout(() => {}, 1e9).unref(); 'not kept open'", "'not kept open'"),
        ("const order = []; for (const ms of [9, 3, 6, 1]) setTimeout(() => order.push(ms), ms); await new Promise((r) => setTimeout(r, 15)); order", "[ 1, 3, 6, 9 ]"),
    ])
    .await;
}

#[tokio::test]
async fn a_promise_that_nothing_settles_is_told() {
    let context = context().await;
    let exception = raised(&context, "await new Promise(() => {})").await;
    assert!(
        exception.value.contains("nothing will settle"),
        "{exception:?}"
    );
    check(&context, "1", "1").await;
}

#[tokio::test]
async fn console_writes_to_its_streams() {
    let context = context().await;
    let code = "console.log('%s has %d', 'it', 3, { a: 1 }); console.error('bad'); console.info([1]); console.warn(1n);\
                console.group('G'); console.log('in\\nside'); console.groupEnd(); process.stdout.write('raw'); console.debug()";
    let (seen, _) = events(&context, code).await;
    assert_eq!(
        sketch(&seen),
        [
            "out \"it has 3 { a: 1 }\\n\"",
            "err \"bad\\n\"",
            "out \"[ 1 ]\\n\"",
            "err \"1n\\n\"",
            "out \"G\\n\"",
            "out \"  in\\n  side\\n\"",
            "out \"raw\"",
            "out \"\\n\"",
        ]
    );
    let (seen, _) = events(&context, "console.table([{ a: 1 }, { b: 'x' }])").await;
    let Event::Stdout(text) = &seen[0] else {
        panic!("{seen:?}");
    };
    let text = String::from_utf8_lossy(text);
    assert!(
        text.starts_with("┌─────────┬───┬─────┐\n│ (index) │ a │ b   │\n"),
        "{text}"
    );
}

#[tokio::test]
async fn host_functions_are_async_functions() {
    let builder = crate::guest::builder().await;
    let builder = builder
        .host_function("add", None, |arguments| async move {
            let text = format!("{arguments:?}");
            Ok(serde_json::json!({ "given": text.contains("Number(2)") }))
        })
        .host_function("refuse", None, |_| async move {
            Err(sandcell::HostError::named("PermissionError", "not for you"))
        });
    let context = crate::support::first(&crate::support::start(builder).await);
    check(&context, "await add(1, 2)", "{ given: true }").await;
    check(
        &context,
        "(await Promise.all([add(2), add(3)])).map((x) => x.given)",
        "[ true, false ]",
    )
    .await;
    let exception = raised(&context, "await refuse()").await;
    assert_eq!(
        (exception.name.as_str(), exception.value.as_str()),
        ("PermissionError", "not for you")
    );
    check(
        &context,
        "await refuse().catch((e) => e.name)",
        "'PermissionError'",
    )
    .await;
    check(&context, "typeof add", "'function'").await;
}

#[tokio::test]
async fn randomness_differs_between_sandboxes() {
    let code = "[Math.random(), crypto.randomUUID(), require('crypto').randomBytes(8).toString('hex')].join()";
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let context = context().await;
        seen.insert(run(&context, code).await.text().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 4);
}

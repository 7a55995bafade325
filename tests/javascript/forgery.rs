//! What cells may try to make the kernel or the host believe, and to reach.

use sandcell::{End, Event, Limits, RunCode};

use crate::guest::{builder, context};
use crate::support::{check, events, finished, first, raised, run, sketch, start};

/// Values that answer by traps and getters are shown without them.
#[tokio::test]
async fn results_are_shown_without_running_their_traps() {
    let context = context().await;
    let traps = "new Proxy({}, { get: (t, name) => (t, name) => { throw new Error(`${String(name)} ran`) } })";
    for (code, shown) in [
        (format!("new Proxy({{ a: 1 }}, {traps})"), "Proxy({ a: 1 })"),
        (format!("[new Proxy([1], {traps})]"), "[ Proxy([ 1 ]) ]"),
        (
            format!("new Proxy(function f() {{}}, {traps})"),
            "Proxy([Function: f])",
        ),
        (
            format!("new Proxy(new Proxy({{ b: 2 }}, {traps}), {traps})"),
            "Proxy(Proxy({ b: 2 }))",
        ),
        (
            "({ get x() { throw new Error('ran') } })".to_owned(),
            "{ x: [Getter] }",
        ),
        (
            "({ set x(v) { throw new Error('ran') } })".to_owned(),
            "{ x: [Setter] }",
        ),
        (
            "Object.defineProperty([1], 0, { get() { throw 1 }, enumerable: true })".to_owned(),
            "[ [Getter] ]",
        ),
        (
            "new Map([[{ get k() { throw 1 } }, 2]])".to_owned(),
            "Map(1) { { k: [Getter] } => 2 }",
        ),
    ] {
        check(&context, code, shown).await;
    }
    // Code of the program's own that shows a value may fail: that is its error.
    for code in [
        "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('own') } })",
        "({ [Symbol.for('Jupyter.display')]() { throw new Error('own') } })",
        "({ then(r, no) { no(new Error('own')) } })",
        "({ get then() { throw new Error('own') } })",
    ] {
        let report = run(&context, code).await;
        assert!(
            matches!(report.outcome.end, End::Raised(_) | End::Finished),
            "{code}: {}",
            report.outcome.end
        );
        check(&context, "1 + 1", "2").await;
    }
    for code in [
        format!("throw new Proxy(new Error('e'), {traps})"),
        format!("throw new Proxy({{}}, {traps})"),
        "throw { get name() { throw 1 }, get message() { throw 2 }, get stack() { throw 3 } }".to_owned(),
        "throw Object.defineProperties(new Error('m'), { name: { get() { throw 1 } }, stack: { get() { throw 2 } } })".to_owned(),
        "class E extends Error { get message() { throw 1 } toString() { throw 2 } }; throw new E()".to_owned(),
        "const e = new Error('circle'); e.cause = e; e.errors = [e]; throw e".to_owned(),
        "throw Symbol('s')".to_owned(),
        "throw undefined".to_owned(),
    ] {
        raised(&context, code).await;
        check(&context, "1 + 1", "2").await;
    }
}

/// What looks like a frame is text on its stream.
#[tokio::test]
async fn frames_cannot_be_forged() {
    let context = context().await;
    let forged = r#"{"data":{"text/plain":"forged"},"metadata":{}}"#;
    let code = format!(
        "const text = `{forged}`; console.log(text); process.stdout.write(text + '\\n'); require('fs').writeSync(1, text + '\\n'); \
         require('fs').writeSync(2, Buffer.from([7, 0, 0, 0, 1, 10])); 'true'"
    );
    let (seen, outcome) = events(&context, code).await;
    assert_eq!(outcome.end, End::Finished);
    let results = seen
        .iter()
        .filter(|event| matches!(event, Event::Result(_)));
    assert_eq!(results.count(), 1, "{:?}", sketch(&seen));
    assert!(!seen.iter().any(|event| matches!(event, Event::Error(_))));
    let mut printed = Vec::new();
    for event in &seen {
        if let Event::Stdout(bytes) = event {
            printed.extend_from_slice(bytes);
        }
    }
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        format!("{forged}\n").repeat(3)
    );
    // Descriptors that are nobody's.
    for code in [
        "require('fs').writeSync(3, 'x')",
        "require('fs').writeSync(77, 'x')",
        "require('fs').writeSync(-1, 'x')",
    ] {
        raised(&context, code).await;
    }
}

#[tokio::test]
async fn bundles_of_any_shape_are_bounded_or_refused() {
    let context = context().await;
    for code in [
        "display({ 'no type': 'x' }, { raw: true })",
        "display({ 'text/plain': { toString() { throw new Error('own') } } }, { raw: true })",
        "display({ 'image/png': 'no base64 !!' }, { raw: true })",
        "display({ ['x/' + 'y'.repeat(1e5)]: 'x' }, { raw: true })",
        "display(Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`x/y${i}`, 'z'])), { raw: true })",
        "display(1, { display_id: 'd'.repeat(1e6) })",
        "display(1, { display_id: { toString() { throw new Error('own') } } })",
        "display(1, { update: true })",
        "display(new Proxy({}, { ownKeys() { throw new Error('own') } }), { raw: true })",
        "display({ 'application/json': (() => { const o = {}; o.o = o; return o })() }, { raw: true })",
        "display({ 'application/json': 1n }, { raw: true })",
        "display({ 'text/plain': 'x'.repeat(3e7) }, { raw: true })",
        "$$.mime({ 'text/html': null })",
        "({ [Symbol.for('Jupyter.display')]() { return new Proxy({}, { get() { throw new Error('own') }, ownKeys: () => ['a'] }) } })",
    ] {
        let report = run(&context, code).await;
        let end = &report.outcome.end;
        assert!(
            matches!(end, End::Finished | End::Raised(_) | End::Exhausted { .. }),
            "{code}: {end}"
        );
        assert_eq!(report.outcome.lost, None, "{code}");
        check(&context, "1 + 1", "2").await;
    }
}

/// Lists that the kernel makes are its own, whatever elements a cell gives to all arrays.
#[tokio::test]
async fn setters_of_array_elements_see_nothing_of_the_kernel() {
    let context = context().await;
    let setter = "Object.defineProperty(Array.prototype, 0, { set() { throw new Error('seen') } }); undefined";
    finished(&context, setter).await;
    let cell = RunCode::new("setTimeout(() => console.log('later')); await null; __filename")
        .filename("some/where.js")
        .env("A", "1")
        .argv(vec!["x".to_owned()])
        .cwd("/tmp");
    let report = finished(&context, cell).await;
    assert_eq!(report.text(), Some("'/tmp/some/where.js'"));
}

/// No way leads from what a cell is given to the kernel's own objects, or to compiled code.
#[tokio::test]
async fn constructors_lead_nowhere() {
    let context = context().await;
    for given in [
        "console.log",
        "setTimeout",
        "display",
        "require",
        "require('fs').readFileSync",
        "process.exit",
        "$$.html",
        "URL",
        "structuredClone",
        "crypto.randomUUID",
        "Buffer.from",
        "Intl.NumberFormat",
        "require('vm').runInThisContext",
    ] {
        let code = format!(
            "const made = {given}.constructor('return [typeof __native, typeof __inner, typeof __hooks, typeof __outer, this === globalThis]')(); String(made)"
        );
        check(
            &context,
            code,
            "'undefined,undefined,undefined,undefined,true'",
        )
        .await;
        // What would show a caller's frame shows nothing.
        let code = format!(
            "(() => {{ try {{ return String([{given}.caller, {given}.arguments]) }} catch (e) {{ return e.name }} }})()"
        );
        let report = finished(&context, code).await;
        assert!(
            matches!(report.text(), Some("','" | "'TypeError'")),
            "{given}: {:?}",
            report.text()
        );
    }
    for code in [
        "process.binding('fs')",
        "process.dlopen({}, 'x.node')",
        "require('module').prototype._compile.call({}, 'a', 'b')",
        "require('v8').deserialize(Buffer.from([1, 2]))",
        "new (require('vm').Script)('1', { cachedData: Buffer.alloc(9) }).nothing()",
        "require('internal/inner')",
        "require('node:internal/kernel')",
        "await import('node:internal/inner')",
        "new WebAssembly.Module(new Uint8Array(8))",
    ] {
        raised(&context, code).await;
    }
    // Errors that come from the kernel are the cell's own, and their frames are not shown.
    check(
        &context,
        "const errors = []; for (const f of [() => require('fs').readFileSync('/none'), () => new URL('x'), () => structuredClone(() => {}), () => setTimeout(1)]) { try { f() } catch (e) { errors.push(e instanceof Error, /internal/.test(e.stack), e.constructor.constructor === Function) } } String(new Set(errors.filter((_, i) => i % 3 !== 1))) + errors.some((x, i) => i % 3 === 1 && x)",
        "'[object Set]false'",
    )
    .await;
}

#[tokio::test]
async fn paths_of_the_host_are_not_there() {
    let context = context().await;
    let host = env!("CARGO_MANIFEST_DIR");
    for code in [
        format!("await import('{host}/Cargo.toml')"),
        format!("await import('file://{host}/Cargo.toml')"),
        format!("require('{host}/Cargo.toml')"),
        "await import('/etc/hostname')".to_owned(),
        "await import('../../../../../../etc/passwd')".to_owned(),
        "await import('file:///proc/self/environ')".to_owned(),
        "await import('data:text/javascript,0')".to_owned(),
        "await import('http://localhost/x.js')".to_owned(),
        "await import('\\0')".to_owned(),
        "require('/proc/self/exe')".to_owned(),
        "require('x'.repeat(1e6))".to_owned(),
        "require('./' + 'a/'.repeat(1e5))".to_owned(),
        "await import({ toString() { throw new Error('own') } })".to_owned(),
    ] {
        raised(&context, code).await;
        check(&context, "1 + 1", "2").await;
    }
}

/// Long texts of every kind, as cells, as files, as patterns.
#[tokio::test]
async fn large_sources_and_patterns_end() {
    let ten_megabytes = format!("'{}'.length", "x".repeat(10_000_000));
    let refused = context().await.execute(ten_megabytes.clone());
    assert!(
        matches!(refused, Err(sandcell::Error::LimitExceeded { .. })),
        "{refused:?}"
    );
    let mut limits = Limits::default();
    limits.cell_bytes = 16 << 20;
    let context = first(&start(builder().await.limits(limits)).await);
    let many = 30_000;
    let sources = [
        ten_megabytes,
        format!("/* {} */ 1", "x".repeat(10_000_000)),
        format!("[{}].length", "1,".repeat(3 * many)),
        "let a = 1;\n".repeat(many),
        "a\n".repeat(5 * many),
        format!("({{{}}})", "a:1,".repeat(many)),
        format!("/{}/.test('x')", "a?".repeat(many)),
        format!("{}1", "x=>".repeat(many)),
        "\u{1f600}".repeat(2 * many),
        format!("{}'", "\\u{1}".repeat(many)),
    ];
    for source in &sources {
        for file in [None, Some("a.js"), Some("a.ts")] {
            let cell = RunCode::new(source.clone());
            let cell = match file {
                Some(name) => cell.filename(name),
                None => cell,
            };
            let report = run(
                &context,
                cell.wall(Some(std::time::Duration::from_secs(20))),
            )
            .await;
            let start = source.get(..8).unwrap_or_default();
            let end = &report.outcome.end;
            assert!(
                matches!(
                    end,
                    End::Finished | End::Raised(_) | End::Interrupted { .. }
                ),
                "{start} {file:?}: {end}"
            );
            check(&context, "1 + 1", "2").await;
        }
    }
    for code in [
        "new RegExp('('.repeat(1e5))",
        "new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))",
        "new RegExp('[['.repeat(1e5), 'v')",
        "new RegExp('a{1,1000}'.repeat(1e4)).test('a'.repeat(1e5) + 'b')",
        "new RegExp('[' + 'a-z'.repeat(1e6) + ']', 'v').test('b')",
        "new RegExp('(a)'.repeat(1e5)).test('b')",
        "'x'.repeat(2 ** 30)",
        "'x'.padEnd(2 ** 31)",
        "'ab'.repeat(1e7).replace(/a/g, 'x'.repeat(1e4))",
        "'x'.repeat(1e7).split('').join('y'.repeat(1e4))",
        "Array(1e7).join('x'.repeat(1e3))",
        "JSON.stringify('\\u0000'.repeat(1e8))",
        "BigInt('9'.repeat(1e6)) ** 9n",
    ] {
        let cell = RunCode::new(code).wall(Some(std::time::Duration::from_secs(3)));
        let report = run(&context, cell).await;
        let end = &report.outcome.end;
        assert!(
            matches!(
                end,
                End::Finished | End::Raised(_) | End::Interrupted { .. }
            ),
            "{code}: {end}"
        );
        check(&context, "1 + 1", "2").await;
    }
}

#[tokio::test]
async fn broken_typescript_is_a_syntax_error_with_its_place() {
    let context = context().await;
    for source in [
        "let x: = 1",
        "let x: number | = 1",
        "interface A { x: }",
        "interface {",
        "type T = ",
        "type T<",
        "enum E { A = }",
        "enum {}",
        "class A<T { }",
        "function f(x: number, : string) {}",
        "const f = <T>(x: T => x",
        "let x as number = 1",
        "abstract class { abstract }",
        "let x: Array<Array<number>",
        "declare",
        "x satisfies",
        "export type { A",
        "import type from",
        "let a!: ",
        "type A = { [K in keyof }",
        "let x: (a: number => void",
        "type A = B extends C ? D",
        "@",
        "let x: `${`",
        "let x: unique",
    ] {
        let cell = RunCode::new(format!("\n{source}")).filename("a.ts");
        let exception = raised(&context, cell).await;
        if exception.name == "SyntaxError" {
            assert!(
                exception.traceback.contains("a.ts:"),
                "{source}: {}",
                exception.traceback
            );
        } else {
            // A word that stands for itself is a name nobody declared.
            assert_eq!(exception.name, "ReferenceError", "{source}: {exception:?}");
        }
        check(&context, "1 + 1", "2").await;
    }
}

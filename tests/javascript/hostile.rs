//! Programs that mean harm: each ends in an exception or a typed end, and its
//! context goes on, with its variables unless the outcome names them lost.

use std::time::Duration;

use sandcell::{End, InterruptCause, Limits, RunCode};

use crate::guest::{builder, context, short_context};
use crate::support::{check, finished, first, raised, run, start};

#[tokio::test]
async fn loops_end_at_the_deadline_and_variables_live() {
    let context = short_context(Duration::from_millis(300)).await;
    check(&context, "let kept = 7; kept", "7").await;
    for code in [
        "while (true) {}",
        "for (;;) { try { throw 1 } catch {} finally { continue } }",
        "(function f() { try { f() } finally { for (;;); } })()",
        "for (;;) await null",
        "(function storm() { Promise.resolve().then(storm) })()",
        "(function storm() { setImmediate(storm) })()",
        "(function storm() { process.nextTick(storm) })()",
        "setInterval(() => {}, 1)",
        "await new Promise((r) => setTimeout(r, 1e8))",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "[].includes.call({ length: 2 ** 53 - 1 }, 1)",
        "new Array(2 ** 32 - 2).sort()",
        "[1, 2].sort(() => { for (;;); })",
        "new Proxy({}, { get() { for (;;); } }).x",
        "JSON.stringify({ toJSON() { for (;;); } })",
        "`${{ toString() { for (;;); } }}`",
        "({ get a() { for (;;); } }).a",
        "for (const x of (function* () { for (;;) yield 1 })()) ;",
        "eval('for (;;);')",
        "new Function('for (;;);')()",
        "({ [Symbol.for('Jupyter.display')]() { for (;;); } })",
        "throw { get stack() { for (;;); }, [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } }",
    ] {
        let report = run(&context, code).await;
        assert_eq!(
            report.outcome.end,
            End::Interrupted {
                by: InterruptCause::Deadline
            },
            "{code}"
        );
        assert_eq!(report.outcome.lost, None, "{code}");
        check(&context, "kept", "7").await;
    }
}

#[tokio::test]
async fn arithmetic_without_end_is_stopped_by_force() {
    let context = short_context(Duration::from_millis(200)).await;
    let report = run(&context, "(9n ** 5000000n).toString().length").await;
    assert_eq!(
        report.outcome.end,
        End::Interrupted {
            by: InterruptCause::Deadline
        }
    );
    check(&context, "1 + 1", "2").await;
}

#[tokio::test]
async fn recursion_without_end_is_an_error() {
    let context = context().await;
    check(&context, "let kept = 7; kept", "7").await;
    for code in [
        "function f() { f() }; f()",
        "function f(n = 1, ...rest) { return f(n, ...rest) + 1 }; f(1, 2, 3)",
        "class A { get x() { return this.x } }; new A().x",
        "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x",
        "const o = { toString() { return `${this}` } }; `${o}`",
        "const o = { toJSON() { return JSON.stringify(this) } }; JSON.stringify(o)",
        "let o = []; for (let i = 0; i < 1e5; i++) o = [o]; JSON.stringify(o)",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; `${a}`",
        "JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))",
        "[1].map(function f() { [1].map(f) })",
        "'a'.replace(/a/, function f() { return 'a'.replace(/a/, f) })",
        "Reflect.construct(function F() { Reflect.construct(F, []) }, [])",
        "class B { constructor() { new B() } }; new B()",
        "function* g() { yield* g() }; [...g()]",
        "const s = { [Symbol.iterator]() { return [...this] } }; [...s]",
        "structuredClone((() => { let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return o })())",
        "(async function f() { await f() })().catch((e) => { throw e })",
        "eval('('.repeat(1e5))",
    ] {
        let report = run(&context, code).await;
        assert!(
            matches!(&report.outcome.end, End::Raised(_)),
            "{code}: {}",
            report.outcome.end
        );
        assert_eq!(report.outcome.lost, None, "{code}");
        check(&context, "kept", "7").await;
    }
    check(
        &context,
        "function deep(n) { return n === 0 ? 0 : deep(n - 1) + 1 }; deep(8000)",
        "8000",
    )
    .await;
}

#[tokio::test]
async fn deep_nesting_of_every_form_is_an_error() {
    let many = 100_000;
    let forms = [
        ("(", "1", ")"),
        ("[", "", "]"),
        ("{", "", "}"),
        ("({a:", "1", "})"),
        ("!", "1", ""),
        ("-", "1", ""),
        ("typeof ", "1", ""),
        ("a?b:", "c", ""),
        ("a=>", "1", ""),
        ("async a=>", "1", ""),
        ("`${", "1", "}`"),
        ("f(", "1", ")"),
        ("a[", "1", "]"),
        ("new ", "A", ""),
        ("if(1)", ";", ""),
        ("for(;;)", ";", ""),
        ("while(1)", ";", ""),
        ("do ", ";", " while(0)"),
        ("l:", ";", ""),
        ("try{", "", "}catch{}"),
        ("function f(){", "", "}"),
        ("class A{x=", "1", "}"),
        ("class A extends ", "B", "{}"),
        ("switch(1){default:", "", "}"),
        ("a**", "1", ""),
        ("a=", "1", ""),
        ("a??", "1", ""),
        ("a,", "1", ""),
        ("a+", "1", ""),
        ("/(", "", ")/"),
        ("let [", "a", "]=[]"),
    ];
    let types = [
        ("let x: A<", "B", ">"),
        ("type T = (", "string", ")"),
        ("type T = [", "string", "]"),
        ("type T = { a: ", "string", "}"),
        ("type T = A extends B ? C : ", "D", ""),
        ("let x: (a: ", "string", ") => void"),
        ("type T = keyof ", "A", ""),
        ("x as ", "any", ""),
        ("<T,>() => ", "1", ""),
        ("namespace A {", "", "}"),
    ];
    let (context, other) = (context().await, context().await);
    check(&context, "let kept = 7; kept", "7").await;
    for (open, middle, close) in forms.iter().chain(&types) {
        let code = format!("{}{middle}{}", open.repeat(many), close.repeat(many));
        for file in [
            None,
            Some("nested.js"),
            Some("nested.ts"),
            Some("nested.mjs"),
        ] {
            let cell = RunCode::new(code.clone());
            let cell = match file {
                Some(name) => cell.filename(name),
                None => cell,
            };
            let report = run(&context, cell).await;
            let end = &report.outcome.end;
            assert!(
                matches!(end, End::Raised(_) | End::Finished),
                "{open} {file:?}: {end}"
            );
            assert_eq!(report.outcome.lost, None, "{open} {file:?}");
            check(&context, "kept", "7").await;
        }
        check(&other, "1 + 1", "2").await;
    }
}

#[tokio::test]
async fn memory_ends_in_an_error_and_the_context_lives() {
    let mut limits = Limits::default();
    limits.memory_bytes = 96 << 20;
    let context = first(&start(builder().await.limits(limits)).await);
    check(&context, "let kept = 7; kept", "7").await;
    for code in [
        "let all = []; for (;;) all.push(new Array(1000).fill(all.length))",
        "let text = 'x'; for (;;) text += text",
        "new Uint8Array(1e9)",
        "new Array(1e9).fill(0)",
        "let map = new Map(); for (let i = 0; ; i++) map.set(i, { i })",
        "let at = globalThis.chain = {}; for (;;) at = at.next = {}",
        "'x'.repeat(2 ** 29).split('')",
        "Buffer.alloc(1e9)",
        "await Promise.all(Array.from({ length: 1e7 }, async (_, i) => ({ i })))",
    ] {
        let report = run(&context, code).await;
        assert!(
            matches!(&report.outcome.end, End::Raised(_)),
            "{code}: {}",
            report.outcome.end
        );
        check(&context, "kept", "7").await;
        finished(&context, "all = text = map = at = chain = undefined").await;
    }
}

#[tokio::test]
async fn bad_source_is_a_syntax_error() {
    let context = context().await;
    for source in [&b"'\xff'"[..], b"1\0", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        let report = run(&context, RunCode::new(source.to_vec())).await;
        assert!(
            matches!(&report.outcome.end, End::Raised(exception) if exception.name == "SyntaxError")
        );
    }
    let large = format!("// {}\n1 + 1", "x".repeat(4_000_000));
    let report = run(&context, large).await;
    assert!(
        matches!(report.outcome.end, End::Finished | End::Raised(_)),
        "{}",
        report.outcome.end
    );
    check(&context, "1", "1").await;
}

#[tokio::test]
async fn a_spoilt_world_harms_only_itself() {
    let context = context().await;
    let spoil = "Object.prototype.toJSON = () => { throw 1 }; Array.prototype.push = null; JSON.stringify = null; JSON.parse = null;\
        Promise.prototype.then = null; Function.prototype.call = null; String.prototype.split = () => 5; Map.prototype.get = null;\
        Object.defineProperty(Object.prototype, 'data', { set() { throw 2 }, get() { throw 3 } }); globalThis.Object = null; 1";
    finished(&context, spoil).await;
    let report = run(&context, "null.x").await;
    assert!(
        matches!(report.outcome.end, End::Raised(_)),
        "{}",
        report.outcome.end
    );
    check(&context, "1 + 1", "2").await;
    // A new context knows nothing of it.
    check(
        &crate::guest::context().await,
        "({ a: [1] })",
        "{ a: [ 1 ] }",
    )
    .await;
}

#[tokio::test]
async fn the_kernel_cannot_be_reached() {
    let context = context().await;
    check(&context, "[typeof __native, typeof __hooks, typeof std, typeof os, typeof bjson, typeof WebAssembly]", "[\n  'undefined',\n  'undefined',\n  'undefined',\n  'undefined',\n  'undefined',\n  'undefined'\n]").await;
    for code in [
        "require('fs').readFileSync('/root/.bashrc')",
        "require('fs').readFileSync('/proc/self/maps')",
        "require('fs').readFileSync('../../../../etc/shadow')",
        "import('/root/.bashrc').then((m) => { throw new Error('reached') })",
    ] {
        let exception = raised(&context, code).await;
        assert_ne!(exception.value, "reached", "{code}");
    }
}

#[tokio::test]
async fn a_million_timers() {
    let context = context().await;
    check(&context, "let n = 0; for (let i = 0; i < 1e6; i++) setTimeout(() => { n++ }, i % 3); await new Promise((r) => setTimeout(r, 4)); 0", "0").await;
    check(&context, "n", "1000000").await;
}

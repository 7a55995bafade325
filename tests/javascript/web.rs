//! The globals that the web has.

use crate::guest::{cells, context};
use crate::support::raised;

#[tokio::test]
async fn addresses_texts_and_clones() {
    cells(&[
        ("const u = new URL('../x?y=1#z', 'http://u:p@EXAMPLE.com:81/a/b'); [u.href, u.searchParams.get('y'), URL.canParse('no')]", "[ 'http://u:p@example.com:81/x?y=1#z', '1', false ]"),
        ("new URLSearchParams({ a: '1 2', b: 'ü' }).toString()", "'a=1+2&b=%C3%BC'"),
        ("new TextEncoder().encode('ü€')", "Uint8Array(5) [ 195, 188, 226, 130, 172 ]"),
        ("const d = new TextDecoder(); d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode(new Uint8Array([0xac, 0xff]))", "'€\u{fffd}'"),
        ("[new TextDecoder('utf-16le').decode(new Uint8Array([65, 0])), new TextDecoder('latin1').decode(new Uint8Array([0xfc, 0x80]))]", "[ 'A', 'ü€' ]"),
        ("[btoa('hi'), atob('aGk=')]", "[ 'aGk=', 'hi' ]"),
        ("const o = { d: new Date(0), m: new Map([[1, { a: 1 }]]), s: new Set([1]), b: new Uint8Array([7]), r: /x/g, n: 1n }; o.self = o; const k = structuredClone(o); [k !== o, k.self === k, k.d.getTime(), k.m.get(1).a, k.b[0], k.r.source, k.n]", "[\n  true, true, 0,\n  1,    7,    'x',\n  1n\n]"),
        ("performance.now() > 0 && performance.mark('a') && performance.measure('m', 'a').duration >= 0", "true"),
    ])
    .await;
    let context = context().await;
    assert_eq!(
        raised(&context, "structuredClone(() => 1)").await.name,
        "DataCloneError"
    );
    assert_eq!(
        raised(&context, "new URL('nowhere')").await.name,
        "TypeError"
    );
    assert_eq!(
        raised(
            &context,
            "new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))"
        )
        .await
        .name,
        "TypeError"
    );
    let exception = raised(&context, "await fetch('http://example.com/x')").await;
    assert_eq!(exception.value, "fetch failed");
    assert!(
        exception
            .traceback
            .contains("this sandbox has no network: http://example.com/x"),
        "{}",
        exception.traceback
    );
}

#[tokio::test]
async fn events_streams_and_blobs() {
    cells(&[
        ("const a = new AbortController(); const seen = []; a.signal.addEventListener('abort', (e) => seen.push(e.type, a.signal.reason.name)); a.abort(); [seen, a.signal.aborted]", "[ [ 'abort', 'AbortError' ], true ]"),
        ("try { AbortSignal.abort('why').throwIfAborted() } catch (e) { e }", "'why'"),
        ("await new Promise((r) => AbortSignal.timeout(2).addEventListener('abort', function () { r(this.reason.name) }) || setTimeout(() => {}, 20))", "'TimeoutError'"),
        ("const t = new EventTarget(); let n = 0; t.addEventListener('x', (e) => { n += e.detail }, { once: true }); t.dispatchEvent(new CustomEvent('x', { detail: 5 })); t.dispatchEvent(new CustomEvent('x', { detail: 5 })); n", "5"),
        ("const parts = []; for await (const c of new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close() } }).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x + x) } }))) parts.push(x = c); parts", "[ 'aa', 'bb' ]"),
        ("[await new Blob(['ab', new Uint8Array([99])]).text(), new File(['x'], 'n.txt', { type: 'text/plain' }).name]", "[ 'abc', 'n.txt' ]"),
        ("[await new Response('{\"a\":1}').json(), new Headers({ A: '1' }).get('a'), new Request('http://x/').method]", "[ { a: 1 }, '1', 'GET' ]"),
    ])
    .await;
}

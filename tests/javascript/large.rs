//! Values with more in them than anybody reads: what is shown of them is bounded, and so is what showing takes.

use sandcell::{Context, Limits};

use crate::guest::builder;
use crate::support::{check, finished, first, start};

/// A context without the memory for the names of all elements of what these tests make.
async fn small_context() -> Context {
    let mut limits = Limits::default();
    limits.memory_bytes = 256 << 20;
    first(&start(builder().await.limits(limits)).await)
}

/// Cells, and the beginning and the end of what is shown of them, as Node has it.
const SHOWN: &[(&str, &str, &str)] = &[
    (
        "new Uint8Array(4000000)",
        "Uint8Array(4000000) [\n  0, 0, 0, 0,",
        "  0, 0, 0, 0,\n  ... 3999900 more items\n]",
    ),
    (
        "new BigInt64Array(1000000)",
        "BigInt64Array(1000000) [\n  0n, 0n,",
        "  0n, 0n, 0n, 0n,\n  ... 999900 more items\n]",
    ),
    (
        "Object.assign(new Uint8Array(4000000), { name: 1, [Symbol('s')]: 2 })",
        "Uint8Array(4000000) [\n  0,                      0,",
        "\n  0, ... 3999900 more items, name: 1,\n  Symbol(s): 2\n]",
    ),
    (
        "Array.from({ length: 1000000 }, (_, i) => i)",
        "[\n   0,  1,  2,",
        "  96, 97, 98, 99,\n  ... 999900 more items\n]",
    ),
    (
        "Object.assign(new Array(3000000).fill(0), { name: 1, '01': 2, '4294967295': 3 })",
        "[\n        0, ",
        " 2999900 more items, name: 1,\n  '01': 2,\n  '4294967295': 3\n]",
    ),
    (
        "new Array(4000000)",
        "[ <4000000 empty items> ]",
        "[ <4000000 empty items> ]",
    ),
    (
        "const holes = []; for (let i = 300000; i > 0; i--) holes[i * 2] = i; holes",
        "[\n  <2 empty items>, 1,  <1 empty item>, 2,\n",
        "ty item>,  49, <1 empty item>, 50,\n  ... 599900 more items\n]",
    ),
    (
        "const many = [1, 2, 3]; for (let i = 0; i < 300; i++) many[1000 + i * 3] = i; many",
        "[\n  1,  2,               3,  <997 empty items>,\n  0,  <2 emp",
        "<2 empty items>, 47, <2 empty items>,\n  ... 754 more items\n]",
    ),
    (
        "const far = [1, 2, , 4]; far[4294967290] = 5; far.x = 6; far",
        "[ 1, 2, <1 empty item>, 4, <4294967286 empty items>, 5, x: 6 ]",
        "]",
    ),
    (
        "'x'.repeat(4000000)",
        "'xxxx",
        "xxx'... 3990000 more characters",
    ),
    (
        "new String('x'.repeat(1000000))",
        "[String: 'xxxx",
        "xxx'... 990000 more characters]",
    ),
    (
        "Object.assign(new String('abc'), { x: 1 })",
        "[String: 'abc'] { x: 1 }",
        "",
    ),
    (
        "new Set(Array.from({ length: 300000 }, (_, i) => i))",
        "Set(300000) {\n  0,\n  1,\n",
        "\n  99,\n  ... 299900 more items\n}",
    ),
    (
        "new Map(Array.from({ length: 200000 }, (_, i) => [i, i]))",
        "Map(200000) {\n  0 => 0,\n",
        "  99 => 99,\n  ... 199900 more items\n}",
    ),
    (
        "new ArrayBuffer(4000000)",
        "ArrayBuffer {\n  [Uint8Contents]: <00 00 00",
        " 00 ... 3999900 more bytes>,\n  [byteLength]: 4000000\n}",
    ),
    (
        "Buffer.alloc(4000000)",
        "<Buffer 00 00 00",
        " 00 00 00 ... 3999950 more bytes>",
    ),
    (
        "({ a: [new Uint8Array(4000000)], b: new Map([[1, new Array(1000000).fill(0)]]) })",
        "{\n  a: [\n    Uint8Array(4000000) [\n      0, 0, 0, 0, 0, 0, 0",
        ",\n      0, 0, 0, 0,\n      ... 999900 more items\n    ]\n  }\n}",
    ),
    (
        "require('util').inspect(new Uint8Array(4000000), { showHidden: true, maxArrayLength: 2 })",
        "'Uint8Array(4000000) [\\n' +\n  '  0,\\n' +\n  '  0,\\n' +\n  '  ... 3999998 more items,",
        "'",
    ),
];

#[tokio::test]
async fn many_elements_are_counted_not_named() {
    let mut wrong = Vec::new();
    for (code, head, tail) in SHOWN {
        let shown = finished(&small_context().await, *code).await;
        let shown = shown.text().unwrap_or("nothing");
        if !shown.starts_with(head) || !shown.ends_with(tail) {
            wrong.push(format!("{code}\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn console_and_format_show_them_so_too() {
    let code = "const text = require('util').format('%O', new Uint8Array(4000000)); console.log([new Uint16Array(4000000)]); \
                [text.length < 2000, text.includes('3999900 more items')]";
    check(&small_context().await, code, "[ true, true ]").await;
}

/// That a list is in itself is asked of each of its parts, not of all that it is in.
#[tokio::test]
async fn json_finds_circles_and_only_circles() {
    let code = "const thrown = (f) => { try { return f() } catch (e) { return e.name } }; const out = [];\
        const circle = { a: [] }; circle.a.push(circle); out.push(thrown(() => JSON.stringify(circle)), thrown(() => JSON.stringify(circle.a)));\
        circle.a.length = 0; out.push(JSON.stringify(circle));\
        const twice = { x: 1 }; out.push(JSON.stringify([twice, twice, { twice }]));\
        const inner = { toJSON() { return JSON.stringify(outer.list) } }, outer = { list: [1, twice], inner }; out.push(JSON.stringify(outer));\
        const again = { list: [] }; again.list.push({ toJSON() { JSON.stringify(again.list.slice(1)); return again } }); out.push(thrown(() => JSON.stringify(again)));\
        const failing = { get a() { throw new SyntaxError('no') } }; out.push(thrown(() => JSON.stringify({ failing })), thrown(() => JSON.stringify([failing])));\
        let deep = []; for (let i = 0; i < 1000000; i++) deep = [deep]; out.push(thrown(() => JSON.stringify(deep)), thrown(() => JSON.stringify(deep)));\
        while (deep.length) deep = deep[0]; out.join(' ')";
    let expected = "'TypeError TypeError {\"a\":[]} [{\"x\":1},{\"x\":1},{\"twice\":{\"x\":1}}] {\"list\":[1,{\"x\":1}],\"inner\":\"[1,{\\\\\"x\\\\\":1}]\"} TypeError SyntaxError SyntaxError RangeError RangeError'";
    check(&small_context().await, code, expected).await;
}

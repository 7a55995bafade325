//! TypeScript in cells and files.

use sandcell::RunCode;

use crate::guest::{cells, context};
use crate::support::{check, raised};

#[tokio::test]
async fn types_go_and_values_stay() {
    cells(&[
        ("const n: number = 5; let s = n as unknown as string; s", "5"),
        ("interface P { x: number; y?: string }\ntype Q = P | null\nconst p: P = { x: 1 }; p satisfies P", "{ x: 1 }"),
        ("enum Colour { Red, Green = 'g', Blue = 1 << 3 }; Colour", "{ '0': 'Red', '8': 'Blue', Red: 0, Green: 'g', Blue: 8 }"),
        ("class A<T> { constructor(public x: number, private readonly z?: T) {} get<U>(u: U): U { return u! } }; new A<string>(3)", "A { x: 3, z: undefined }"),
        ("const f = async <T,>(a: T[], b?: Map<string, T>): Promise<T | undefined> => a[0]; await f([7])", "7"),
        ("function over(a: string): string; function over(a: number): number; function over(a: any) { return a }; over(1)", "1"),
        ("abstract class Shape { abstract area(): number; protected declare q: string }; class Sq extends Shape { override area() { return 4 } }; new Sq().area()", "4"),
        ("declare const nowhere: string; import type { X } from './x'; let t: [a: string, ...r: number[]] = ['a', 1]; t", "[ 'a', 1 ]"),
        ("Colour.Red", "0"),
    ])
    .await;
}

#[tokio::test]
async fn lines_stay_where_they_are() {
    let context = context().await;
    let code = "interface A {\n  b: string\n}\n\nfunction g(a: A): never {\n  throw new Error(a.b)\n}\ng({ b: 'here' } as A)";
    let traceback = raised(&context, code).await.traceback;
    assert!(
        traceback.contains("at g (<cell 1>:6:") && traceback.contains("at <cell 1>:8:"),
        "{traceback}"
    );
    let exception = raised(&context, RunCode::new("const a: = 3").filename("x.ts")).await;
    assert_eq!(exception.name, "SyntaxError");
    assert!(
        exception.traceback.contains("x.ts:1"),
        "{}",
        exception.traceback
    );
    // The first error tells more of what is neither.
    let exception = raised(&context, "const a: number = = 3").await;
    assert_eq!(exception.name, "SyntaxError");
}

#[tokio::test]
async fn what_cannot_be_compiled_is_told() {
    let context = context().await;
    let file = |code: &str| RunCode::new(code.to_owned()).filename("x.ts");
    let exception = raised(
        &context,
        file("let a = 1\nnamespace N { export const q = 1 }"),
    )
    .await;
    assert_eq!(exception.name, "SyntaxError");
    assert!(
        exception.value.contains("namespace N") && exception.traceback.contains("x.ts:2"),
        "{exception:?}"
    );
    check(
        &context,
        file("declare namespace M { const q: number }; 1"),
        "1",
    )
    .await;
    // In cells, too, which may be either language, and wherever they stand.
    for (code, what, place) in [
        (
            "let a = 1; namespace N { export const q = 1 }",
            "namespace N",
            ":1:22",
        ),
        ("namespace A.B { function f() {} }", "namespace A", ":1:11"),
        ("let b = 1\n@dec class D {}", "decorators", ":2:1"),
        ("class E {\n  @dec method() {}\n}", "decorators", ":2:3"),
    ] {
        for exception in [
            raised(&context, code).await,
            raised(&context, file(code)).await,
        ] {
            assert_eq!(exception.name, "SyntaxError");
            assert!(
                exception.value.contains(what) && exception.traceback.contains(place),
                "{exception:?}"
            );
        }
    }
    for (code, value) in [
        (
            "namespace T { export interface A { x: number } }; declare namespace M { const q: number }; 1 as number",
            "1",
        ),
        (
            "declare module 'm' { export const z: number }; 2 as number",
            "2",
        ),
        (
            "'namespace N { const x }' as string",
            "'namespace N { const x }'",
        ),
        ("const namespace = 2, module = 1; namespace", "2"),
    ] {
        check(&context, code, value).await;
    }
}

#[tokio::test]
async fn modules_may_be_typescript() {
    let context = context().await;
    let write = "const fs = require('fs'); fs.mkdirSync('lib', { recursive: true });\
        fs.writeFileSync('lib/one.ts', `import type { T } from './two'; import { two, type T as U } from './two.js'; export enum E { A = 'a' } export const one: U = { v: two as number }`);\
        fs.writeFileSync('lib/two.ts', 'export interface T { v: number }\\nexport const two: number = 2'); 0";
    check(&context, write, "0").await;
    check(
        &context,
        "import { one, E } from './lib/one.ts'; [one, E.A]",
        "[ { v: 2 }, 'a' ]",
    )
    .await;
    check(
        &context,
        "const { two } = await import('./lib/two'); two",
        "2",
    )
    .await;
}

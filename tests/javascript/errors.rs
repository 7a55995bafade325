//! How errors are told.

use sandcell::End;

use crate::guest::context;
use crate::support::{check, events, raised, run, sketch};

#[tokio::test]
async fn name_message_and_stack() {
    let context = context().await;
    let exception = raised(&context, "function f() {\n  null.x\n}\nf()").await;
    assert_eq!(exception.name, "TypeError");
    assert_eq!(exception.value, "cannot read property 'x' of null");
    assert_eq!(
        exception.traceback,
        "TypeError: cannot read property 'x' of null\n    at f (<cell 1>:2:3)\n    at <cell 1>:4:1"
    );
    let exception = raised(&context, "f()").await;
    assert!(
        exception
            .traceback
            .contains("at f (<cell 1>:2:3)\n    at <cell 2>:1:1"),
        "{}",
        exception.traceback
    );
    for (code, name, value) in [
        ("throw new RangeError('r')", "RangeError", "r"),
        ("nowhere", "ReferenceError", "nowhere is not defined"),
        ("throw 42", "Error", "42"),
        // Half a character is no text that others can read.
        (
            "throw new TypeError('a \\ud83d \\\\ud83d \\udc00\\udc00')",
            "TypeError",
            "a \u{fffd} \\ud83d \u{fffd}\u{fffd}",
        ),
        ("throw { a: 1 }", "Error", "{ a: 1 }"),
        ("throw null", "Error", "null"),
        (
            "class Mine extends Error { name = 'Mine' }; throw new Mine('own')",
            "Mine",
            "own",
        ),
        ("await Promise.reject(new URIError('u'))", "URIError", "u"),
        ("await null; null()", "TypeError", "not a function"),
        (
            "throw new DOMException('m', 'AbortError')",
            "AbortError",
            "m",
        ),
        ("process.exit(3)", "ExitError", "process.exit(3)"),
    ] {
        let exception = raised(&context, code).await;
        assert_eq!(
            (exception.name.as_str(), exception.value.as_str()),
            (name, value),
            "{code}"
        );
    }
    let code = "throw new Error('outer', { cause: new TypeError('inner') })";
    let traceback = raised(&context, code).await.traceback;
    assert!(
        traceback.contains("[cause]: TypeError: inner"),
        "{traceback}"
    );
    check(
        &context,
        "try { f() } catch (e) { e.stack.split('\\n')[0] }",
        "\"TypeError: cannot read property 'x' of null\"",
    )
    .await;
    assert_eq!(
        run(&context, "process.exit(0)").await.outcome.end,
        End::Finished
    );
}

#[tokio::test]
async fn a_syntax_error_points_at_its_place() {
    let context = context().await;
    let exception = raised(&context, "let fine = 1\nlet broken = ;").await;
    assert_eq!(exception.name, "SyntaxError");
    assert!(
        exception
            .traceback
            .starts_with("<cell 1>:2\nlet broken = ;\n             ^\n\nSyntaxError: "),
        "{}",
        exception.traceback
    );
    assert!(
        exception.traceback.ends_with("at <cell 1>:2:14"),
        "{}",
        exception.traceback
    );
    // Nothing of it ran.
    assert_eq!(raised(&context, "fine").await.name, "ReferenceError");
}

#[tokio::test]
async fn rejections_that_nobody_handles_end_the_cell() {
    let context = context().await;
    for code in [
        "Promise.reject(new RangeError('r')); 1",
        "(async () => { await 1; throw new RangeError('r') })(); 1",
        "setTimeout(() => { throw new RangeError('r') }, 1); 1",
        "setTimeout(async () => { throw new RangeError('r') }, 1); 1",
        "new Promise((_, no) => setTimeout(() => no(new RangeError('r')), 1)); 1",
    ] {
        let (seen, outcome) = events(&context, code).await;
        assert_eq!(sketch(&seen), ["result 1", "error RangeError"], "{code}");
        assert!(matches!(outcome.end, End::Raised(_)));
    }
    check(
        &context,
        "const late = Promise.reject(1); await null; late.catch(() => 'caught')",
        "'caught'",
    )
    .await;
    // What a failed cell left under way is gone.
    raised(
        &context,
        "setInterval(() => console.log('no'), 1); throw new Error('x')",
    )
    .await;
    check(
        &context,
        "await new Promise((r) => setTimeout(r, 5)); 'quiet'",
        "'quiet'",
    )
    .await;
}

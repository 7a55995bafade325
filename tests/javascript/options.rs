//! The options of a cell.

use sandcell::RunCode;

use crate::guest::{builder, context};
use crate::support::{check, first, raised, start};

#[tokio::test]
async fn environment_and_arguments_hold_for_one_cell_and_the_folder_stays() {
    let sandbox = start(builder().await.env("ALWAYS", "here")).await;
    let context = first(&sandbox);
    let cell = RunCode::new("[process.env.ALWAYS, process.env.ONCE, process.cwd(), process.argv.slice(1), process.env.HOME]")
        .env("ONCE", "now")
        .cwd("/tmp")
        .argv(vec!["prog.js".to_owned(), "-x".to_owned()]);
    check(
        &context,
        cell,
        "[ 'here', 'now', '/tmp', [ 'prog.js', '-x' ], '/home/user' ]",
    )
    .await;
    check(
        &context,
        "[process.env.ONCE, process.cwd(), process.argv.length]",
        "[ undefined, '/tmp', 1 ]",
    )
    .await;
    let exception = raised(&context, RunCode::new("1").cwd("/nowhere")).await;
    assert!(exception.value.contains("ENOENT"), "{exception:?}");
    check(&context, "process.cwd()", "'/tmp'").await;
}

#[tokio::test]
async fn a_cell_can_be_a_file() {
    let context = context().await;
    let file = |name: &str, code: &str| RunCode::new(code.to_owned()).filename(name.to_owned());
    let exception = raised(&context, file("prog.js", "#!/usr/bin/env node\nnull.x")).await;
    assert!(
        exception.traceback.contains("at prog.js:2:1"),
        "{}",
        exception.traceback
    );
    check(
        &context,
        file(
            "a/b.cjs",
            "[__filename, __dirname, require.main === module]",
        ),
        "[ '/home/user/a/b.cjs', '/home/user/a', true ]",
    )
    .await;
    check(&context, file("m.mjs", "import { join } from 'path'; export const x = join('a', 'b'); export default x; [x, import.meta.filename, this === undefined || typeof this]"), "[ 'a/b', '/home/user/m.mjs', 'object' ]").await;
    assert_eq!(
        raised(&context, file("strict.mjs", "undeclared = 1"))
            .await
            .name,
        "ReferenceError"
    );
    check(&context, file("t.ts", "const n: number = 1; n"), "1").await;
    // A file says by its name what it is.
    assert_eq!(
        raised(&context, file("t.js", "const n: number = 1"))
            .await
            .name,
        "SyntaxError"
    );
    assert_eq!(raised(&context, "__filename").await.name, "ReferenceError");
}

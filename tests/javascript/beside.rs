//! Contexts of two languages in one sandbox.

use sandcell::{Busy, Durability, Error, Runtime};

use crate::guest;
use crate::support::{check, finished, first, start};

/// A runtime whose sandboxes start from Python's image, beside JavaScript's.
async fn runtime() -> Runtime {
    // Both images are built.
    let javascript = guest::runtime().await;
    drop(javascript);
    crate::support::runtime().await
}

#[tokio::test]
async fn two_languages_see_the_same_files_and_nothing_else_of_each_other() {
    let sandbox = start(runtime().await.sandbox().env("BOTH", "yes")).await;
    let python = first(&sandbox);
    let javascript = sandbox.create_context_over("javascript").await.unwrap();
    check(&python, "x = 1; open('shared', 'w').write('py')", "2").await;
    check(
        &javascript,
        "var x = 5; require('fs').readFileSync('shared', 'utf8') + process.env.BOTH",
        "'pyyes'",
    )
    .await;
    finished(&javascript, "require('fs').writeFileSync('back', 'js')").await;
    check(&python, "open('back').read(), x", "('js', 1)").await;
    assert_eq!(sandbox.contexts().len(), 2);
}

#[tokio::test]
async fn both_are_saved_copied_and_read_back() {
    let runtime = runtime().await;
    let sandbox = start(runtime.sandbox()).await;
    let python = first(&sandbox);
    let javascript = sandbox.create_context_over("javascript").await.unwrap();
    check(&python, "x = [1]; x", "[1]").await;
    check(&javascript, "let y = [2]; y", "[ 2 ]").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both");
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    snapshot.save(&path, Durability::Process).await.unwrap();
    let copies = sandbox.fork(1, Busy::default()).await.unwrap();
    let loaded = runtime.load_snapshot(&path).await.unwrap();
    let restored = start(runtime.sandbox().snapshot(&loaded)).await;
    for copy in [&copies[0], &restored] {
        check(&first(copy), "x.append(2); x", "[1, 2]").await;
        let javascript = copy.find(javascript.id()).unwrap();
        check(&javascript, "y.push(3); y", "[ 2, 3 ]").await;
    }
    check(&javascript, "y", "[ 2 ]").await;
    check(&python, "x", "[1]").await;
    // A pause puts both away, and brings both back.
    sandbox.pause(Busy::default()).await.unwrap();
    sandbox.resume().unwrap();
    check(&javascript, "y.length", "1").await;
    check(&python, "len(x)", "1").await;
}

#[tokio::test]
async fn an_image_that_is_not_there_is_told_and_leaves_nothing() {
    let sandbox = start(runtime().await.sandbox()).await;
    let refused = sandbox.create_context_over("no-such-image").await;
    assert!(matches!(refused, Err(Error::NoImage { .. })), "{refused:?}");
    assert_eq!(sandbox.contexts().len(), 1);
}

#[tokio::test]
async fn functions_of_the_own_image_are_for_its_contexts_only() {
    let (own, shared) = (|_| async { Ok(1.into()) }, |_| async { Ok(2.into()) });
    let builder = runtime().await.sandbox();
    let builder = builder
        .own_host_function("own", None, own)
        .host_function("shared", None, shared);
    let sandbox = start(builder).await;
    let python = first(&sandbox);
    check(&python, "await own(), await shared()", "(1, 2)").await;
    let javascript = sandbox.create_context_over("javascript").await.unwrap();
    check(
        &javascript,
        "[typeof own, await shared()]",
        "[ 'undefined', 2 ]",
    )
    .await;
    // A context that comes back from its checkpoint finds the same.
    sandbox.pause(Busy::default()).await.unwrap();
    sandbox.resume().unwrap();
    let copies = sandbox.fork(1, Busy::default()).await.unwrap();
    check(&first(&copies[0]), "await own()", "1").await;
    let javascript = copies[0].find(javascript.id()).unwrap();
    check(&javascript, "typeof own", "'undefined'").await;
}

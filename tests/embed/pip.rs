//! Packages by name at run time: off by default, and then through the host's pip.

use sandcell_python::packages::{Store, allow_pip};

use crate::support::{builder, cache, check, finished, first, raised, sandbox, start};

#[tokio::test]
async fn nothing_is_fetched_unless_the_embedder_allows_it() {
    let context = first(&sandbox().await);
    let error = raised(&context, "%pip install humanize==4.9.0").await;
    assert_eq!(error.name, "PackageNotAvailable");
    assert!(
        error.value.contains("cannot be installed at run time"),
        "{error:?}"
    );
}

#[tokio::test]
async fn packages_come_as_files_where_it_is_allowed() {
    let store = Store::new(cache().await.path());
    let sandbox = start(allow_pip(builder().await, &store)).await;
    let context = first(&sandbox);
    let report = finished(&context, "%pip install 'humanize>=4.9,<4.10'").await;
    assert_eq!(
        report.stdout_text().trim(),
        "Successfully installed humanize-4.9.0"
    );
    finished(&context, "import humanize").await;
    check(&context, "humanize.intcomma(12345)", "'12,345'").await;
    // A copy has the files; the host's functions are nobody's variables.
    let copies = sandbox.fork(1, sandcell::Busy::default()).await.unwrap();
    check(&first(&copies[0]), "humanize.ordinal(3)", "'3rd'").await;
    check(&context, "[name for name in dir() if 'pip' in name]", "[]").await;

    for (line, words) in [
        ("msgpack", "native code"),
        ("no-such-package-of-sandcell", "there is no wheel of"),
        ("'x @ file:///etc/passwd'", "cannot be fetched"),
        ("git+https://example.org/x", "cannot be fetched"),
    ] {
        let error = raised(&context, format!("%pip install {line}").as_str()).await;
        assert_eq!(error.name, "PackageNotAvailable", "{line}");
        assert!(error.value.contains(words), "{line}: {error:?}");
    }
}

#[tokio::test]
async fn the_host_believes_nothing_that_code_asks_it() {
    let store = Store::new(cache().await.path());
    let context = first(&start(allow_pip(builder().await, &store)).await);
    finished(
        &context,
        // Nobody is given these functions, but who looks for them finds them.
        "import gc, sandcell
found = {o.__name__: o.blocking for o in gc.get_objects() if type(o).__name__ == 'HostFunction'}
resolve, read = found['_sandcell_pip_resolve'], found['_sandcell_pip_read']
def tried(function, **arguments):
    try:
        return function(**arguments)
    except sandcell.HostFunctionError as error:
        return error.message",
    )
    .await;
    for (code, words) in [
        (
            "tried(resolve, requirements=['-r/etc/passwd'], present=[])",
            "is no requirement",
        ),
        (
            "tried(resolve, requirements=['x --index-url=http://x'], present=[])",
            "is no requirement",
        ),
        (
            "tried(resolve, requirements=['a'] * 65, present=[])",
            "too many",
        ),
        (
            "tried(resolve, requirements='x', present=[])",
            "did not understand",
        ),
        (
            "tried(resolve, requirements=[], present=[('a', '1')] * 5000)",
            "did not understand",
        ),
        (
            "tried(read, sha256='../../x', offset=0)",
            "did not understand",
        ),
        (
            "tried(read, sha256='0' * 64, offset=-1)",
            "did not understand",
        ),
    ] {
        let report = finished(&context, code).await;
        let text = report.text().unwrap_or_default();
        assert!(text.contains(words), "{code}: {text}");
    }
}

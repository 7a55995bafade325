//! Exceptions of C++ stay inside of the call that throws them.

use sandcell::Busy;

use crate::support::{check, finished, first, start};

/// Throws in C++ and tells what Python sees of it.
const THROW: &str = "def throw():
    try:
        solver.addConstraint((variable <= 5) | 'required')
    except kiwisolver.UnsatisfiableConstraint as error:
        return type(error).__name__
throw()";

const SOLVER: &str = "import kiwisolver
variable = kiwisolver.Variable('x'); solver = kiwisolver.Solver()
solver.addConstraint((variable >= 10) | 'required')";

#[tokio::test]
async fn what_one_guest_throws_is_not_seen_by_another() {
    let Some(runtime) = crate::runtime() else {
        return;
    };
    let one = start(runtime.sandbox()).await;
    finished(&first(&one), SOLVER).await;
    let thrown = "'UnsatisfiableConstraint'";
    check(&first(&one), THROW, thrown).await;

    // Another one, made where the first threw; then copies of the first.
    let two = start(runtime.sandbox()).await;
    check(&first(&two), "1 + 1", "2").await;
    finished(&first(&two), SOLVER).await;
    check(&first(&two), THROW, thrown).await;
    let snapshot = one.snapshot(Busy::default()).await.unwrap();
    let restored = start(runtime.sandbox().snapshot(&snapshot)).await;
    let children = one.fork(2, Busy::default()).await.unwrap();
    for copy in children.iter().chain([&restored, &one, &two]) {
        let context = first(copy);
        check(&context, "throw()", thrown).await;
        check(&context, "variable.name()", "'x'").await;
    }
}

#[tokio::test]
async fn many_exceptions_need_no_more_room_than_one() {
    let Some(context) = crate::context().await else {
        return;
    };
    finished(
        &context,
        "import kiwisolver\nvariable = kiwisolver.Variable('x')
def throw():
    solver = kiwisolver.Solver()
    solver.addConstraint((variable >= 10) | 'required')
    try:
        solver.addConstraint((variable <= 5) | 'required')
    except kiwisolver.UnsatisfiableConstraint as error:
        return type(error).__name__",
    )
    .await;
    let code = "len({throw() for _ in range(200_000)})";
    check(&context, code, "1").await;
}

#[tokio::test]
async fn libraries_that_jump_out_are_caught() {
    let Some(context) = crate::context().await else {
        return;
    };
    // libjpeg and Qhull leave by longjmp.
    finished(
        &context,
        "import io, numpy as np; from PIL import Image
picture = io.BytesIO(); Image.new('RGB', (64, 64), 'red').save(picture, 'JPEG')
def cut():
    try:
        Image.open(io.BytesIO(picture.getvalue()[:300])).load()
    except OSError as error:
        return 'cut'",
    )
    .await;
    check(
        &context,
        "[cut() for _ in range(3)]",
        "['cut', 'cut', 'cut']",
    )
    .await;
    let flat = "from matplotlib.tri import Triangulation
try:
    Triangulation([0, 1, 2, 3], [0, 1, 2, 3])
except RuntimeError as error:
    print('flat')";
    let report = finished(&context, flat).await;
    assert_eq!(report.stdout_text(), "flat\n");
}

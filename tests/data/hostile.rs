//! Bad input raises what native packages raise, and the variables live on.

use std::time::Duration;

use sandcell::{End, RunCode};

use crate::support::{check, finished, raised, run};

#[tokio::test]
async fn bad_input_raises() {
    let Some(context) = crate::context().await else {
        return;
    };
    finished(
        &context,
        "import numpy as np, pandas as pd, io, pickle, matplotlib.pyplot as plt\nfrom PIL import Image\nkept = 42",
    )
    .await;
    for (code, name) in [
        ("np.zeros(1 << 62, 'u1')", "ValueError"),
        ("np.ones(200_000_000)", "MemoryError"),
        ("np.linalg.inv(np.zeros((3, 3)))", "LinAlgError"),
        ("np.linalg.cholesky(-np.eye(2))", "LinAlgError"),
        ("np.ones(3) @ np.ones(4)", "ValueError"),
        (
            "pd.read_csv(io.StringIO('a,b\\n1,2\\n1,2,3\\n'))",
            "ParserError",
        ),
        ("pd.read_csv(io.StringIO(''))", "EmptyDataError"),
        (
            "pd.read_excel(io.BytesIO(b'PK\\x03\\x04 no zip'))",
            "BadZipFile",
        ),
        ("pd.read_excel(io.BytesIO(b'nothing'))", "ValueError"),
        ("pd.read_json(io.StringIO('{\"a\":'))", "ValueError"),
        (
            "Image.open(io.BytesIO(b'GIF89a'))",
            "UnidentifiedImageError",
        ),
        ("Image.frombytes('RGB', (9, 9), b'x')", "ValueError"),
        ("pickle.loads(b'cnumpy\\nnothing\\n.')", "AttributeError"),
        (
            "np.load(io.BytesIO(b'\\x93NUMPY' + bytes(200)))",
            "ValueError",
        ),
        ("plt.plot([1, 2], [1, 2, 3])", "ValueError"),
        ("np.arange(3).reshape(2, 2)", "ValueError"),
        ("pd.Timestamp('no date')", "ValueError"),
    ] {
        let exception = raised(&context, code).await;
        let wanted = exception.name == name
            || (name == "ValueError" && exception.name.ends_with("Error"))
            || (name == "MemoryError" && exception.name == "_ArrayMemoryError");
        assert!(wanted, "{code}: {}: {}", exception.name, exception.value);
        check(&context, "plt.close('all'); kept", "42").await;
    }
}

#[tokio::test]
async fn overflow_of_integers_warns() {
    let Some(context) = crate::context().await else {
        return;
    };
    let report = finished(&context, "import numpy as np; np.int8(127) + np.int8(1)").await;
    assert_eq!(report.text(), Some("np.int8(-128)"));
    assert!(report.stderr_text().contains("RuntimeWarning: overflow"));
    let report = finished(&context, "np.array([2**63 - 1]) + 1").await;
    assert_eq!(
        report.text(),
        Some("array([-9223372036854775808], dtype=int64)")
    );
}

#[tokio::test]
async fn a_picture_that_takes_too_long_is_stopped() {
    let Some(context) = crate::context().await else {
        return;
    };
    finished(
        &context,
        "import matplotlib.pyplot as plt, numpy as np; kept = 1",
    )
    .await;
    let code = "for _ in range(1000):
    plt.scatter(np.random.rand(1_000_000), np.random.rand(1_000_000)); plt.savefig('x.png'); plt.close()";
    let report = run(
        &context,
        RunCode::from(code).wall(Some(Duration::from_millis(300))),
    )
    .await;
    assert!(
        matches!(report.outcome.end, End::Interrupted { .. }),
        "{:?}",
        report.outcome.end
    );
    check(&context, "plt.close('all'); kept", "1").await;
}

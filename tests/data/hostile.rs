//! Bad input raises what native packages raise, and the variables live on.

use std::time::Duration;

use sandcell::{End, RunCode};

use crate::support::{check, finished, raised, run};

/// Code, and the exception that it raises.
const BAD: &[(&str, &str)] = &[
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
    (
        "np.load(io.BytesIO(b'\\x93NUMPY\\x01\\x00v\\x00' + b\"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,)}\".ljust(118)))",
        "ValueError",
    ),
    (
        "picture = io.BytesIO(); Image.new('L', (90, 90)).save(picture, 'PNG'); Image.open(io.BytesIO(picture.getvalue()[:60])).load()",
        "OSError",
    ),
    (
        // A header that says 60,000 by 60,000.
        "import zlib; head = b'IHDR' + (60_000).to_bytes(4) * 2 + b'\\x08\\0\\0\\0\\0'; Image.open(io.BytesIO(b'\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\r' + head + zlib.crc32(head).to_bytes(4) + b'\\0\\0\\0\\0IDAT' + zlib.crc32(b'IDAT').to_bytes(4)))",
        "DecompressionBombError",
    ),
    (
        "book = io.BytesIO(); pd.DataFrame({'a': [1]}).to_excel(book); book.getbuffer()[40:400] = bytes(360); pd.read_excel(book)",
        "BadZipFile",
    ),
    (
        "pd.read_csv(io.BytesIO(b'a,b\\n\\xff\\xfe,2\\n'))",
        "UnicodeDecodeError",
    ),
    (
        "pd.read_csv(io.StringIO('a\\n\"open'), engine='c', quoting=0)",
        "ParserError",
    ),
    (
        "pd.read_pickle(io.BytesIO(b'\\x80\\x04garbage'))",
        "UnpicklingError",
    ),
    (
        "pickle.loads(b'\\x80\\x04\\x8d' + (1 << 60).to_bytes(8, 'little'))",
        "OverflowError",
    ),
    ("pickle.loads(b'(' * 10 + b'e.')", "UnpicklingError"),
    ("plt.plot([1, 2], [1, 2, 3])", "ValueError"),
    (
        "plt.figure(figsize=(1e5, 1e5)); plt.savefig('x.png')",
        "ValueError",
    ),
    (
        "plt.title('$\\\\nothing{$'); plt.savefig('x.png')",
        "ValueError",
    ),
    ("np.arange(3).reshape(2, 2)", "ValueError"),
    ("pd.Timestamp('no date')", "ValueError"),
];

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
    for &(code, name) in BAD {
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
async fn a_pickle_of_hostile_bytes_reaches_the_sandbox_only() {
    let Some(context) = crate::context().await else {
        return;
    };
    // Calls os.listdir('/').
    let code = "import pickle
listing = pickle.loads(b\"cos\\nlistdir\\n(V/\\ntR.\")
sorted(set(listing) & {'boot', 'home', 'opt', 'srv', 'sys', 'var'})";
    check(&context, code, "['home']").await;
}

#[tokio::test]
async fn a_missing_font_or_glyph_is_a_warning() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import matplotlib.pyplot as plt
plt.title('\u{4e2d}', fontname='No Such Font'); plt.savefig('x.png'); plt.close()
open('x.png', 'rb').read(4)";
    let report = finished(&context, code).await;
    assert_eq!(report.text(), Some("b'\\x89PNG'"));
    let said = report.stderr_text();
    assert!(said.contains("'No Such Font' not found"), "{said}");
    assert!(said.contains("Glyph 20013"), "{said}");
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

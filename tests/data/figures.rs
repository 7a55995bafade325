//! Figures, tables and pictures are shown as in Jupyter.

use sandcell::{Event, RichResult};

use crate::support::{events, finished, run};

/// What was displayed, in order; the result of the cell last.
async fn shown(context: &sandcell::Context, code: &str) -> Vec<RichResult> {
    let (events, outcome) = events(context, code).await;
    assert!(
        outcome.end == sandcell::End::Finished,
        "{code}: {:?}",
        outcome.end
    );
    events
        .into_iter()
        .filter_map(|event| match event {
            Event::Display(rich) | Event::Result(rich) => Some(rich),
            _ => None,
        })
        .collect()
}

fn is_png(rich: &RichResult) -> bool {
    rich.data
        .get("image/png")
        .and_then(serde_json::Value::as_str)
        .is_some_and(|text| text.starts_with("iVBORw0KGgo"))
}

#[tokio::test]
async fn figures_come_at_show_and_at_the_end_of_the_cell() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\nplt.figure(); _ = plt.plot([3])";
    let displays = shown(&context, code).await;
    assert_eq!(displays.len(), 2);
    assert!(displays.iter().all(is_png));
    assert!(
        displays[0]
            .text()
            .unwrap()
            .starts_with("<Figure size 640x480")
    );
    // Closed: the next cell shows nothing.
    assert_eq!(shown(&context, "plt.get_fignums()").await.len(), 1);
    assert!(
        shown(&context, "plt.plot([1]); plt.close()")
            .await
            .is_empty()
    );
    assert!(
        shown(&context, "plt.ioff(); _ = plt.plot([1])")
            .await
            .is_empty()
    );
    let kept = shown(&context, "plt.show(); plt.ion();").await;
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn a_figure_that_was_made_before_an_error_is_shown() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n1/0";
    let (events, _) = events(&context, code).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Display(rich) if is_png(rich)))
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Error(error) if error.name == "ZeroDivisionError"))
    );
}

#[tokio::test]
async fn formats_are_chosen() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import matplotlib.pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats
set_matplotlib_formats('svg')
_ = plt.plot([1, 2])";
    let displays = shown(&context, code).await;
    let svg = displays[0].data["image/svg+xml"].as_str().unwrap();
    assert!(svg.contains("<svg") && !is_png(&displays[0]));
    let files = "for kind in ('png', 'svg', 'pdf', 'jpg'):
    plt.plot([1]); plt.savefig(f'a.{kind}'); plt.close()
    print(kind, open(f'a.{kind}', 'rb').read(4))";
    let report = finished(&context, files).await;
    assert_eq!(
        report.stdout_text(),
        "png b'\\x89PNG'\nsvg b'<?xm'\npdf b'%PDF'\njpg b'\\xff\\xd8\\xff\\xe0'\n"
    );
}

#[tokio::test]
async fn frames_are_tables_and_data() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "import pandas as pd, numpy as np
pd.DataFrame({'n': [1, None], 't': pd.to_datetime(['2024-01-02', None]), 's': ['a', 'b'], 'b': [True, False],
    'i': pd.array([1, None], dtype='Int64'), 'o': [np.arange(2), pd.NA]})";
    let report = run(&context, code).await;
    let result = report.result.as_ref().unwrap();
    assert!(
        result.data["text/html"]
            .as_str()
            .unwrap()
            .contains("<table")
    );
    assert_eq!(
        result.data["application/vnd.sandcell.data+json"],
        serde_json::json!({"n": [1.0, null], "t": ["2024-01-02T00:00:00", null], "s": ["a", "b"],
            "b": [true, false], "i": [1, null], "o": ["[0 1]", null]})
    );
    assert_eq!(report.stderr_text(), "");
}

/// What a cell shows is made in one pass over the frame: it must be what pandas says.
#[tokio::test]
async fn frames_are_shown_as_pandas_shows_them() {
    let Some(context) = crate::context().await else {
        return;
    };
    let report = finished(&context, include_str!("frames.py")).await;
    assert_eq!(report.stdout_text(), "956\n");
}

#[tokio::test]
async fn pictures_are_shown() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "from PIL import Image\nred = Image.new('RGB', (8, 8), 'red')\nred.show()\nred";
    let displays = shown(&context, code).await;
    assert_eq!(displays.len(), 2);
    assert!(displays.iter().all(is_png));
}

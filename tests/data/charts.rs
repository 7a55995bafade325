//! What is drawn comes along as data, one test a kind of chart.

use sandcell::Event;
use serde_json::{Value, json};

use crate::support::events;

const CHART: &str = "application/vnd.sandcell.chart+json";

/// The chart of the one figure that a cell draws; null when it has none.
async fn chart(context: &sandcell::Context, code: &str) -> Value {
    let code = format!("import matplotlib.pyplot as plt, numpy as np, datetime\n{code}");
    let (events, outcome) = events(context, code.as_str()).await;
    assert!(outcome.end == sandcell::End::Finished, "{:?}", outcome.end);
    let mut charts = events.into_iter().filter_map(|event| match event {
        Event::Display(rich) => Some(rich.data.get(CHART).cloned().unwrap_or_default()),
        _ => None,
    });
    charts.next().expect("a figure")
}

/// Checks that `found` has all that `expected` says.
fn check(found: &Value, expected: &Value, code: &str) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(found.get(name), Some(value), "{name} of {code}: {found}");
    }
}

#[tokio::test]
async fn each_kind_is_told() {
    let Some(context) = crate::context().await else {
        return;
    };
    let cases = [
        (
            "plt.plot([1, 2, 3], [4, 5, 6], label='a'); plt.title('T'); plt.xlabel('time (s)'); _ = plt.ylabel('size [m]')",
            json!({"type": "line", "title": "T", "x_label": "time (s)", "x_unit": "s", "y_unit": "m",
                "x_scale": "linear", "elements": [{"label": "a", "points": [[1, 4], [2, 5], [3, 6]]}]}),
        ),
        (
            "plt.scatter([1.5, 2], [3, np.nan], label='b'); plt.yscale('log')",
            json!({"type": "scatter", "y_scale": "log",
                "elements": [{"label": "b", "points": [[1.5, 3.0], [null, null]]}]}),
        ),
        (
            "_ = plt.bar(['x', 'y'], [3, 4], label='g')",
            json!({"type": "bar", "elements": [
                {"label": "x", "group": "g", "value": 3}, {"label": "y", "group": "g", "value": 4}]}),
        ),
        (
            "_ = plt.barh(['x', 'y'], [3, 4])",
            json!({"type": "bar", "elements": [
                {"label": "x", "group": "", "value": 3}, {"label": "y", "group": "", "value": 4}]}),
        ),
        (
            "_ = plt.pie([1, 3], labels=['one', 'three'])",
            json!({"type": "pie", "elements": [
                {"label": "one", "angle": 90.0, "radius": 1}, {"label": "three", "angle": 270.0, "radius": 1}]}),
        ),
        (
            "_ = plt.boxplot([[1, 2, 3, 4, 20], [5, 6, 7, 8, 9]], tick_labels=['p', 'q'], patch_artist=True)",
            json!({"type": "box_and_whisker", "elements": [
                {"label": "p", "min": 1.0, "first_quartile": 2.0, "median": 3.0, "third_quartile": 4.0, "max": 4.0, "outliers": [20.0]},
                {"label": "q", "min": 5.0, "first_quartile": 6.0, "median": 7.0, "third_quartile": 8.0, "max": 9.0, "outliers": []}]}),
        ),
        (
            "f, (a, b) = plt.subplots(1, 2); a.plot([1]); b.bar(['z'], [2]); _ = f.suptitle('both')",
            json!({"type": "superchart", "title": "both"}),
        ),
        (
            "_ = plt.imshow(np.eye(3))",
            json!({"type": "unknown", "elements": []}),
        ),
        (
            "_ = plt.plot([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)], [1, 2])",
            json!({"type": "line", "x_scale": "datetime"}),
        ),
        (
            "_ = plt.plot(['low', 'high'], [1, 2])",
            json!({"type": "line", "x_scale": "categorical"}),
        ),
    ];
    for (code, expected) in cases {
        check(&chart(&context, code).await, &expected, code);
    }
    let dates = chart(
        &context,
        "_ = plt.plot(np.array(['2024-01-01', '2024-01-02'], dtype='datetime64[D]'), [1, 2])",
    )
    .await;
    assert_eq!(
        dates["elements"][0]["points"][1],
        json!(["2024-01-02T00:00:00", 2])
    );
}

#[tokio::test]
async fn what_has_no_data_has_no_chart() {
    let Some(context) = crate::context().await else {
        return;
    };
    let code = "_ = plt.plot(np.arange(200_000))";
    assert_eq!(chart(&context, code).await, Value::Null);
    let code = "f = plt.figure(); _ = f.add_subplot()";
    assert_eq!(chart(&context, code).await, Value::Null);
}

//! Values as people want to see them: MIME bundles, displays and their updates.

use crate::support::{context, events, finished, run, sketch};
use sandcell::{Event, RichResult};
use serde_json::{Value, json};

async fn bundle(code: &str) -> RichResult {
    let report = finished(&context().await, code).await;
    report.result.expect("a result")
}

#[tokio::test]
async fn each_repr_method_fills_its_type() {
    let cases = [
        ("html", "'<b>x</b>'", "text/html", json!("<b>x</b>")),
        ("markdown", "'**x**'", "text/markdown", json!("**x**")),
        ("latex", "'$x$'", "text/latex", json!("$x$")),
        ("svg", "'<svg/>'", "image/svg+xml", json!("<svg/>")),
        ("png", "b'\\x89PNG'", "image/png", json!("iVBORw==")),
        ("jpeg", "b'\\xff\\xd8'", "image/jpeg", json!("/9g=")),
        ("pdf", "b'%PDF'", "application/pdf", json!("JVBERg==")),
        (
            "json",
            "{'a': [1, None]}",
            "application/json",
            json!({"a": [1, null]}),
        ),
        (
            "javascript",
            "'alert(1)'",
            "application/javascript",
            json!("alert(1)"),
        ),
    ];
    for (name, value, mime, expected) in cases {
        let code = format!(
            "class Shown:\n    def _repr_{name}_(self): return {value}\n    def __repr__(self): return 'plain'\nShown()"
        );
        let result = bundle(&code).await;
        assert_eq!(result.data.get(mime), Some(&expected), "{name}");
        assert_eq!(result.text(), Some("plain"), "{name}");
        assert_eq!(result.data.len(), 2, "{name}: {:?}", result.data.keys());
    }
}

#[tokio::test]
async fn a_mimebundle_brings_its_own_types_and_hints() {
    let result = bundle(
        "class Own:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'p', 'application/x-own': 'o', 'application/vnd.own+json': {'k': [1]}}, {'application/x-own': {'width': 3}}
Own()",
    )
    .await;
    assert_eq!(result.text(), Some("p"));
    assert_eq!(result.get("application/x-own"), Some("o"));
    assert_eq!(result.data["application/vnd.own+json"], json!({"k": [1]}));
    assert_eq!(result.metadata["application/x-own"], json!({"width": 3}));
}

#[tokio::test]
async fn a_repr_method_that_says_none_is_left_out() {
    let result = bundle("class Shy:\n    def _repr_html_(self): return None\n    def __repr__(self): return 's'\nShy()").await;
    assert_eq!(result.data.keys().collect::<Vec<_>>(), ["text/plain"]);
}

#[tokio::test]
async fn a_repr_method_that_fails_is_told_on_stderr_and_the_others_count() {
    let code = "class Broken:\n    def _repr_html_(self): return 1 / 0\n    def __repr__(self): return 'b'\nBroken()";
    let report = finished(&context().await, code).await;
    assert_eq!(report.text(), Some("b"));
    assert!(
        report.stderr_text().contains("ZeroDivisionError"),
        "{}",
        report.stderr_text()
    );
    assert_eq!(report.result.unwrap().html(), None);
}

#[tokio::test]
async fn display_shows_before_the_result_and_in_order() {
    let (events, _) = events(&context().await, "print('a'); display(1, 2); print('b'); 3").await;
    let expected = [
        "out \"a\\n\"",
        "display 1",
        "display 2",
        "out \"b\\n\"",
        "result 3",
    ];
    assert_eq!(sketch(&events), expected);
}

#[tokio::test]
async fn displays_can_be_updated_and_output_cleared() {
    let context = context().await;
    let code = "handle = display('one', display_id='mine')\nhandle.update('two')";
    let (shown, _) = events(&context, code).await;
    let ids: Vec<Option<&str>> = shown
        .iter()
        .map(|event| match event {
            Event::Display(display) | Event::UpdateDisplay(display) => {
                display.display_id.as_deref()
            }
            _ => None,
        })
        .collect();
    assert_eq!(sketch(&shown), ["display 'one'", "update 'two'"]);
    assert_eq!(ids, [Some("mine"), Some("mine")]);
    let report = run(&context, "display('x', display_id='here').update('y')").await;
    assert_eq!(report.displays.len(), 1);
    assert_eq!(report.displays[0].text(), Some("'y'"));
    let code = "from IPython.display import clear_output\nclear_output(wait=True); print(1); clear_output()";
    let (cleared, _) = events(&context, code).await;
    assert_eq!(
        sketch(&cleared),
        ["clear true", "out \"1\\n\"", "clear false"]
    );
}

#[tokio::test]
async fn the_classes_of_ipython_display_work() {
    let result = bundle("from IPython.display import HTML\nHTML('<i>x</i>')").await;
    assert_eq!(result.html(), Some("<i>x</i>"));
    let result = bundle("from IPython.display import JSON\nJSON({'a': 1})").await;
    assert_eq!(result.data["application/json"], json!({"a": 1}));
    let result = bundle(
        "from IPython.display import Image\nImage(data=b'\\x89PNG\\r\\n\\x1a\\n', format='png')",
    )
    .await;
    assert_eq!(result.get("image/png"), Some("iVBORw0KGgo="));
}

#[tokio::test]
async fn json_values_keep_their_types() {
    let code = "class Data:\n    def _repr_json_(self): return {'n': 1, 'f': 1.5, 't': True, 'z': None, 'u': 'ü'}\nData()";
    let result = bundle(code).await;
    let expected: Value = json!({"n": 1, "f": 1.5, "t": true, "z": null, "u": "ü"});
    assert_eq!(result.data["application/json"], expected);
}

#[tokio::test]
async fn long_and_nested_values_are_laid_out_over_lines() {
    let result = bundle("{i: list(range(12)) for i in range(4)}").await;
    let text = result.text().unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    let result = bundle("list(range(2000))").await;
    let text = result.text().unwrap();
    assert!(
        text.ends_with("...]"),
        "a long list is cut: {}",
        &text[text.len() - 40..]
    );
    let result = bundle("x = []; x.append(x); x").await;
    assert_eq!(result.text(), Some("[[...]]"));
}

#[tokio::test]
async fn a_text_beyond_a_mebibyte_is_cut_and_says_so() {
    for code in ["'x' * (4 << 20)", "['x' * 300_000] * 9"] {
        let result = bundle(code).await;
        let text = result.text().unwrap();
        assert!(text.len() < (1 << 20) + 200, "{code}: {}", text.len());
        let last = text.lines().last().unwrap();
        assert!(last.contains("output cut"), "{code}: {last}");
    }
}

#[tokio::test]
async fn a_picture_of_a_mebibyte_is_one_display() {
    let code =
        "class Big:\n    def _repr_png_(self): return b'\\x89PNG' + bytes(1 << 20)\ndisplay(Big())";
    let (shown, _) = events(&context().await, code).await;
    let [Event::Display(display)] = shown.as_slice() else {
        panic!("{}", shown.len())
    };
    assert!(display.get("image/png").unwrap().len() > 1 << 20);
}

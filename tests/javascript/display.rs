//! Displays and results of more than one type.

use sandcell::Event;
use serde_json::{Value, json};

use crate::guest::context;
use crate::support::{events, finished};

async fn shown(code: &str) -> Vec<Value> {
    let (seen, _) = events(&context().await, code).await;
    let data = |event: &Event| match event {
        Event::Display(result) | Event::Result(result) | Event::UpdateDisplay(result) => {
            serde_json::to_value(&result.data).unwrap()
        }
        other => panic!("{other:?}"),
    };
    seen.iter().map(data).collect()
}

#[tokio::test]
async fn values_are_displayed_as_bundles() {
    assert_eq!(
        shown("display({ a: 1 })").await,
        [json!({ "text/plain": "{ a: 1 }" })]
    );
    assert_eq!(
        shown("display({ 'text/html': '<b>', text: 'b' }, { raw: true })").await,
        [json!({ "text/html": "<b>", "text/plain": "b" })]
    );
    assert_eq!(
        shown("$$.html('<i>'); $$.svg('<svg/>'); $$.png('aGk='); $$.mime({ 'text/markdown': '# h' }); $$.json({ a: [1] })").await,
        [
            json!({ "text/html": "<i>" }),
            json!({ "image/svg+xml": "<svg/>" }),
            json!({ "image/png": "aGk=" }),
            json!({ "text/markdown": "# h" }),
            json!({ "application/json": { "a": [1] } }),
        ]
    );
    assert_eq!(
        shown("$$.png(new Uint8Array([104, 105]))").await,
        [json!({ "image/png": "aGk=" })]
    );
}

#[tokio::test]
async fn a_value_says_how_it_is_shown() {
    let hook = "({ [Symbol.for('Jupyter.display')]() { return { 'text/html': '<p>', 'text/plain': 'P' } } })";
    assert_eq!(
        shown(hook).await,
        [json!({ "text/html": "<p>", "text/plain": "P" })]
    );
    assert_eq!(
        shown("({ _toHtml() { return '<q>' }, a: 1 })").await[0]["text/html"],
        json!("<q>")
    );
    assert_eq!(
        shown("$$.jupyter.html`<b>${1 + 1}</b>`").await[0]["text/html"],
        json!("<b>2</b>")
    );
}

#[tokio::test]
async fn a_display_can_be_updated() {
    let code = "const place = $$.handle('one'); place.update('two'); $$.clear()";
    let (seen, _) = events(&context().await, code).await;
    assert!(
        matches!(
            (&seen[0], &seen[1], &seen[2]),
            (Event::Display(first), Event::UpdateDisplay(second), Event::ClearOutput { wait: false })
                if first.display_id == second.display_id && first.display_id.is_some()
        ),
        "{seen:?}"
    );
}

#[tokio::test]
async fn no_trap_of_a_proxy_runs_for_showing_it() {
    let context = context().await;
    let code = "let traps = 0; const handler = new Proxy({}, { get() { traps++; return undefined } });\
                const seen = new Proxy({ a: 1 }, handler); seen";
    let report = finished(&context, code).await;
    assert_eq!(report.text(), Some("Proxy({ a: 1 })"));
    assert_eq!(
        finished(&context, "[{ x: seen }]; console.log(seen); traps")
            .await
            .text(),
        Some("0")
    );
    let code = "({ get a() { throw new Error('no') }, b: 2 })";
    assert_eq!(
        finished(&context, code).await.text(),
        Some("{ a: [Getter], b: 2 }")
    );
}

//! The control plane's part of the description.

use serde_json::Value;

use crate::control::find::Filter;
use crate::control::journal::Window;
use crate::control::metrics::{Asked, Span};
use crate::control::wire::{
    Detail, Fork, Listed, Made, Metric, NewSandbox, NewSnapshot, Pause, Refresh, Resume,
    SnapshotInfo, Timeout,
};
use crate::openapi::Document;

/// Who asks for what is not there, or wrongly, or without the key.
const USUAL: [u16; 3] = [400, 401, 404];

/// Describes all calls.
pub(crate) fn describe(to: &mut Document) {
    sandboxes(to);
    saving(to);
    for path in ["/templates", "/v2/templates", "/default-templates"] {
        to.call("get", path, "List templates")
            .with("key")
            .ends(200)
            .refuses(&[401]);
    }
    to.call("get", "/templates/aliases/{id}", "Look for a template")
        .with("key")
        .ends(200)
        .refuses(&USUAL);
    to.call("delete", "/templates/{id}", "Delete a snapshot")
        .with("key")
        .ends(204)
        .refuses(&[400, 401, 403, 404]);
    to.call(
        "post",
        "/v3/templates",
        "Build a template, which is not offered",
    )
    .with("key")
    .body::<Value>()
    .refuses(&[401, 501]);
}

fn sandboxes(to: &mut Document) {
    for path in ["/sandboxes", "/v2/sandboxes"] {
        to.call("post", path, "Make a sandbox")
            .with("key")
            .body::<NewSandbox>()
            .answers::<Made<'static>>(201)
            .refuses(&[400, 401, 404, 409, 429, 501]);
        to.call("get", path, "List sandboxes")
            .with("key")
            .query::<Filter>()
            .answers::<Vec<Listed<'static>>>(200)
            .refuses(&[400, 401]);
    }
    to.call("get", "/sandboxes/{id}", "Describe a sandbox")
        .with("key")
        .answers::<Detail<'static>>(200)
        .refuses(&USUAL);
    to.call("delete", "/sandboxes/{id}", "End a sandbox")
        .with("key")
        .ends(204)
        .refuses(&USUAL);
    to.call("post", "/sandboxes/{id}/timeout", "Move a sandbox's end")
        .with("key")
        .body::<Timeout>()
        .ends(204)
        .refuses(&USUAL);
    to.call("post", "/sandboxes/{id}/refreshes", "Let a sandbox live on")
        .with("key")
        .body::<Refresh>()
        .ends(204)
        .refuses(&USUAL);
    to.call("put", "/sandboxes/{id}/network", "Note network rules")
        .with("key")
        .body::<Value>()
        .ends(204)
        .refuses(&USUAL);
    to.call("get", "/sandboxes/metrics", "What several sandboxes use")
        .with("key")
        .query::<Asked>()
        .ends(200)
        .refuses(&[400, 401]);
    to.call("get", "/sandboxes/{id}/metrics", "What a sandbox used")
        .with("key")
        .query::<Span>()
        .answers::<Vec<Metric>>(200)
        .refuses(&USUAL);
    for path in ["/sandboxes/{id}/logs", "/v2/sandboxes/{id}/logs"] {
        to.call("get", path, "What befell a sandbox")
            .with("key")
            .query::<Window>()
            .ends(200)
            .refuses(&USUAL);
    }
}

fn saving(to: &mut Document) {
    for path in ["/sandboxes/{id}/connect", "/v2/sandboxes/{id}/connect"] {
        to.call("post", path, "Let a sandbox go on, or live on")
            .with("key")
            .body::<Resume>()
            .answers::<Made<'static>>(200)
            .answers::<Made<'static>>(201)
            .refuses(&[400, 401, 404, 429]);
    }
    to.call(
        "post",
        "/sandboxes/{id}/resume",
        "Let a paused sandbox go on",
    )
    .with("key")
    .body::<Resume>()
    .answers::<Made<'static>>(201)
    .refuses(&[400, 401, 404, 409, 429]);
    to.call("post", "/sandboxes/{id}/pause", "Pause a sandbox")
        .with("key")
        .body::<Pause>()
        .ends(204)
        .refuses(&[400, 401, 404, 409, 429, 507]);
    to.call("post", "/sandboxes/{id}/snapshots", "Take a snapshot")
        .with("key")
        .body::<NewSnapshot>()
        .answers::<SnapshotInfo>(201)
        .refuses(&[400, 401, 404, 409, 429, 507]);
    to.call("post", "/sandboxes/{id}/fork", "Copy a sandbox")
        .with("key")
        .body::<Fork>()
        .ends(201)
        .refuses(&[400, 401, 404, 409]);
    to.call("get", "/snapshots", "List snapshots")
        .with("key")
        .query::<crate::control::snapshots::Filter>()
        .answers::<Vec<SnapshotInfo>>(200)
        .refuses(&[400, 401]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{calls, routes};

    #[test]
    fn all_routes_are_described_and_no_others() {
        let mut document = Document::new();
        describe(&mut document);
        let source = include_str!("mod.rs");
        assert_eq!(calls(&document.finish()), routes(source, ""));
    }
}

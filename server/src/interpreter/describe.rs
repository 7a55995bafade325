//! The code interpreter's part of the description.

use crate::interpreter::wire::{Described, Execute, NewContext};
use crate::openapi::Document;

/// Describes all calls.
pub(crate) fn describe(to: &mut Document) {
    to.call(
        "post",
        "/execute",
        "Run code; the answer is a JSON object a line",
    )
    .with("token")
    .body::<Execute>()
    .ends(200)
    .refuses(&[400, 403, 404, 413, 429, 502]);
    to.call("get", "/contexts", "List contexts")
        .with("token")
        .answers::<Vec<Described<'static>>>(200)
        .refuses(&[403, 502]);
    to.call("post", "/contexts", "Make a context")
        .with("token")
        .body::<NewContext>()
        .answers::<Described<'static>>(200)
        .refuses(&[400, 403, 429, 502]);
    to.call("delete", "/contexts/{id}", "End a context")
        .with("token")
        .ends(200)
        .refuses(&[403, 404, 502]);
    to.call(
        "post",
        "/contexts/{id}/restart",
        "Give a context a fresh interpreter",
    )
    .with("token")
    .ends(200)
    .refuses(&[403, 404, 502]);
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

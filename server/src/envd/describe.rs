//! The sandbox's own service, as far as it is plain HTTP. The calls of
//! `filesystem.Filesystem` and `process.Process` are Connect's.

use crate::openapi::Document;

/// Describes the calls.
pub(crate) fn describe(to: &mut Document) {
    to.call(
        "get",
        "/health",
        "Whether a sandbox, or the server, is there",
    )
    .ends(204)
    .refuses(&[502]);
    to.call("get", "/envs", "The sandbox's environment")
        .with("token")
        .ends(200)
        .refuses(&[401, 502]);
    to.call("get", "/metrics", "What a sandbox, or the server, uses")
        .with("token")
        .ends(200)
        .refuses(&[401, 502]);
    to.call("get", "/files", "Read a file")
        .with("token")
        .query::<super::files::Asked>()
        .ends(200)
        .refuses(&[400, 401, 404, 416, 502]);
    to.call("post", "/files", "Write files")
        .with("token")
        .query::<super::files::Asked>()
        .bytes()
        .ends(200)
        .refuses(&[400, 401, 404, 502, 507]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{calls, routes};

    #[test]
    fn all_plain_routes_are_described_and_no_others() {
        let mut document = Document::new();
        describe(&mut document);
        let source = include_str!("mod.rs");
        let plain = source.rsplit("Router::new()").next().unwrap();
        assert_eq!(calls(&document.finish()), routes(plain, ""));
    }
}

//! The headers `X-Metadata-*`: notes at a file.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

use crate::refusal::Refusal;

const PREFIX: &str = "x-metadata-";

/// Notes of one file.
const NOTES: usize = 64;

/// The notes that a request makes; names are in lower case, as headers are.
pub(super) fn of(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut notes = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name
            .as_str()
            .strip_prefix(PREFIX)
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        let value = value
            .to_str()
            .map_err(|_| Refusal::bad_request("metadata is printable ASCII"))?;
        notes.insert(name.to_owned(), value.to_owned());
    }
    if notes.len() > NOTES {
        return Err(Refusal::bad_request(format!(
            "at most {NOTES} entries of metadata are taken"
        )));
    }
    Ok(notes)
}

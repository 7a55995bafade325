//! Lists, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::refusal::Refusal;

/// Entries of a page when nobody says otherwise, and at most.
const PAGE: usize = 100;

/// How many entries a page shall have.
pub(super) fn limit(asked: Option<&str>) -> Result<usize, Refusal> {
    match asked {
        None | Some("") => Ok(PAGE),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE).contains(limit))
            .ok_or_else(|| Refusal::bad_request(format!("a limit is between 1 and {PAGE}"))),
    }
}

/// What asks for the page behind the entry of this number.
pub(super) fn write_token(number: u64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_string())
}

/// The number in a token.
pub(super) fn read_token(token: &str) -> Result<u64, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Refusal::bad_request("nextToken is not one of ours"))
}

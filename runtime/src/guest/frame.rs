//! What a guest tells the host: frames. Hostile bytes, parsed strictly.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::execution::{Event, GuestException, RichResult};

/// Bytes of one frame. Streams come in pieces of at most 1 MiB; a picture may be
/// larger.
pub(crate) const FRAME_BYTES: usize = 64 << 20;

/// Bytes of one piece of a stream.
pub(crate) const STREAM_BYTES: usize = 1 << 20;

/// MIME types of one result.
const MIME_TYPES: usize = 64;

/// Bytes of a MIME type, of a display id, and of an exception's class name.
const NAME_BYTES: usize = 256;

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    Kind,
    TooLong,
    Payload,
}

/// Reads one frame.
///
/// The payload's nesting is bounded by the JSON parser (128 levels).
pub(crate) fn parse(kind: i32, payload: &[u8]) -> Result<Event, Malformed> {
    let bound = if matches!(kind, 1 | 2) {
        STREAM_BYTES
    } else {
        FRAME_BYTES
    };
    if payload.len() > bound {
        return Err(Malformed::TooLong);
    }
    match kind {
        1 => Ok(Event::Stdout(Bytes::copy_from_slice(payload))),
        2 => Ok(Event::Stderr(Bytes::copy_from_slice(payload))),
        3 => rich(payload).map(Event::Result),
        4 => rich(payload).map(Event::Display),
        5 => match rich(payload)? {
            update if update.display_id.is_some() => Ok(Event::UpdateDisplay(update)),
            _ => Err(Malformed::Payload),
        },
        6 => {
            let clear: Clear = json(payload)?;
            Ok(Event::ClearOutput { wait: clear.wait })
        }
        7 => exception(payload).map(Event::Error),
        _ => Err(Malformed::Kind),
    }
}

/// The event that a frame is, if it is one.
pub fn read(kind: i32, payload: &[u8]) -> Option<Event> {
    parse(kind, payload).ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    data: Map<String, Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    display_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clear {
    wait: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    name: String,
    value: String,
    traceback: String,
}

fn json<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(payload).map_err(|_| Malformed::Payload)
}

fn rich(payload: &[u8]) -> Result<RichResult, Malformed> {
    let bundle: Bundle = json(payload)?;
    let names = bundle.data.keys().chain(bundle.metadata.keys());
    let long_name = names
        .chain(bundle.display_id.as_ref())
        .any(|name| name.len() > NAME_BYTES);
    // Only JSON types may hold something else than text.
    let loose = bundle
        .data
        .iter()
        .any(|(mime, value)| !value.is_string() && !mime.ends_with("json"));
    if bundle.data.len() > MIME_TYPES || long_name || loose {
        return Err(Malformed::Payload);
    }
    Ok(RichResult {
        data: bundle.data,
        metadata: bundle.metadata,
        display_id: bundle.display_id,
    })
}

fn exception(payload: &[u8]) -> Result<GuestException, Malformed> {
    let exception: Exception = json(payload)?;
    if exception.name.len() > NAME_BYTES {
        return Err(Malformed::Payload);
    }
    Ok(GuestException {
        name: exception.name,
        value: exception.value,
        traceback: exception.traceback,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: i32, payload: &str, expected: Result<(), Malformed>) {
        assert_eq!(
            parse(kind, payload.as_bytes()).map(|_| ()),
            expected,
            "{kind} {payload}"
        );
    }

    #[test]
    fn well_formed_frames_become_events() {
        let event = parse(3, br#"{"data":{"text/plain":"2"}}"#).unwrap();
        let Event::Result(result) = event else {
            panic!("not a result")
        };
        assert_eq!(result.text(), Some("2"));
        check(1, "\u{0}any bytes", Ok(()));
        check(
            4,
            r#"{"data":{"application/json":{"a":[1]}},"metadata":{}}"#,
            Ok(()),
        );
        check(5, r#"{"data":{},"display_id":"x"}"#, Ok(()));
        check(6, r#"{"wait":true}"#, Ok(()));
        check(7, r#"{"name":"E","value":"","traceback":""}"#, Ok(()));
    }

    #[test]
    fn hostile_frames_are_refused() {
        check(0, "", Err(Malformed::Kind));
        check(8, "{}", Err(Malformed::Kind));
        check(-1, "", Err(Malformed::Kind));
        check(3, "", Err(Malformed::Payload));
        check(3, "[]", Err(Malformed::Payload));
        check(3, r#"{"data":{"text/plain":7}}"#, Err(Malformed::Payload));
        check(3, r#"{"data":{},"more":1}"#, Err(Malformed::Payload));
        check(5, r#"{"data":{}}"#, Err(Malformed::Payload));
        check(6, r#"{"wait":"yes"}"#, Err(Malformed::Payload));
        check(7, r#"{"name":"E"}"#, Err(Malformed::Payload));
        check(
            3,
            &format!(
                r#"{{"data":{{"application/json":{}}}}}"#,
                "[".repeat(100_000)
            ),
            Err(Malformed::Payload),
        );
        check(
            3,
            &format!(r#"{{"data":{{"{}":"x"}}}}"#, "m".repeat(300)),
            Err(Malformed::Payload),
        );
        let long = vec![b'x'; STREAM_BYTES + 1];
        assert_eq!(parse(1, &long), Err(Malformed::TooLong));
    }
}

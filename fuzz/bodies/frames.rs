//! What a guest sends to its host: the first byte says what it is, a digit the kind
//! of a frame, `c` a call of a host function, `s` an order to start a process. What
//! is taken is within its bounds, and says again what it said.

use sandcell::conformance::{read_call, read_frame, read_spawn};
use sandcell::{Event, RichResult};
use serde_json::json;

/// Bytes of a MIME type, of a display id, and of the name of an exception.
const NAME_BYTES: usize = 256;

pub(crate) fn body(input: &[u8]) {
    match input.split_first() {
        Some((b's', order)) => spawn(order),
        Some((b'c', call)) => host_call(call),
        Some((kind, payload)) => frame(i32::from(*kind) - i32::from(b'0'), payload),
        None => {}
    }
}

fn frame(kind: i32, payload: &[u8]) {
    let Some(event) = read_frame(kind, payload) else {
        return;
    };
    let written = match (kind, &event) {
        (1, Event::Stdout(bytes)) | (2, Event::Stderr(bytes)) => {
            assert_eq!(bytes, payload);
            return;
        }
        (3, Event::Result(rich)) | (4, Event::Display(rich)) => bundle(rich),
        (5, Event::UpdateDisplay(rich)) => {
            assert!(rich.display_id.is_some());
            bundle(rich)
        }
        (6, Event::ClearOutput { wait }) => json!({ "wait": wait }),
        (7, Event::Error(exception)) => {
            assert!(exception.name.len() <= NAME_BYTES);
            json!({"name": exception.name, "value": exception.value, "traceback": exception.traceback})
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        read_frame(kind, written.to_string().as_bytes()),
        Some(event)
    );
}

fn bundle(rich: &RichResult) -> serde_json::Value {
    assert!(rich.data.len() <= 64);
    let names = rich.data.keys().chain(&rich.display_id);
    assert!(
        names
            .max_by_key(|name| name.len())
            .is_none_or(|name| name.len() <= NAME_BYTES)
    );
    let mut written = json!({"data": rich.data, "metadata": rich.metadata});
    if let Some(id) = &rich.display_id {
        written["display_id"] = json!(id);
    }
    written
}

fn host_call(payload: &[u8]) {
    if let Some((name, args, kwargs)) = read_call(payload) {
        let written = json!({"name": name, "args": args, "kwargs": kwargs}).to_string();
        assert_eq!(read_call(written.as_bytes()), Some((name, args, kwargs)));
    }
}

fn spawn(order: &[u8]) {
    let Some((arguments, variables, descriptors)) = read_spawn(order) else {
        return;
    };
    let texts = arguments.iter().chain(&variables);
    let bytes: usize = texts.map(|text| text.len() + 1).sum();
    assert!(16 + 8 * descriptors.len() + bytes <= order.len() + 1);
    let texts = arguments.iter().chain(&variables);
    assert!(texts.flatten().all(|byte| *byte != 0));
    assert!(descriptors.len() <= 1024);
}

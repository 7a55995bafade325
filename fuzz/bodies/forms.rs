//! A form that a client sends: the first line is its header, the rest its body. It
//! ends, in the same parts however it is cut, and they hold no more than came.

use bytes::Bytes;
use sandcell_server::conformance::{Part, form};

pub(crate) fn body(input: &[u8]) {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (kind, body) = input.split_at(line.unwrap_or(input.len()));
    let Ok(kind) = std::str::from_utf8(kind) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let read = |piece: usize| -> Result<Vec<Part>, String> {
        let pieces = body.chunks(piece).map(Bytes::copy_from_slice).collect();
        runtime.block_on(form(kind, pieces))
    };
    let whole = read(body.len().max(1));
    if let Ok(parts) = &whole {
        let held: usize = parts.iter().map(|(_, _, contents)| contents.len()).sum();
        assert!(held <= body.len());
    }
    for piece in [1, 5] {
        // The words of a refusal may tell how far it came.
        assert_eq!(read(piece).ok(), whole.as_ref().ok().cloned(), "{piece}");
    }
}

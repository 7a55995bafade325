//! A stream of a client in the Connect protocol: the same messages come out of it
//! however it is cut, and they are what was sealed.

use bytes::BytesMut;
use sandcell_server::conformance::{open_envelope, seal_envelope};

/// Bytes of a message.
const LIMIT: usize = 1 << 12;

pub(crate) fn body(input: &[u8]) {
    let whole = read(input, input.len().max(1));
    for piece in [1, 3, 7] {
        assert_eq!(read(input, piece), whole, "in pieces of {piece}");
    }
    let (messages, _) = whole;
    let sealed: Vec<u8> = messages
        .iter()
        .flat_map(|message| seal_envelope(message))
        .collect();
    assert!(input.starts_with(&sealed));
}

/// The messages, and why there are no more.
fn read(input: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<String>) {
    let (mut ahead, mut messages) = (BytesMut::new(), Vec::new());
    for bytes in input.chunks(piece) {
        ahead.extend_from_slice(bytes);
        loop {
            match open_envelope(&mut ahead, LIMIT) {
                Ok(Some(message)) => {
                    assert!(message.len() <= LIMIT);
                    messages.push(message.to_vec());
                }
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

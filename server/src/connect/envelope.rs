//! Messages of a stream: a byte of flags, four of length, then the message.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::connect::ConnectError;

/// Bytes in front of each message.
const HEAD: usize = 5;

/// The message is compressed.
const COMPRESSED: u8 = 0x01;

/// The message is the last one and says how it ended.
pub(super) const END: u8 = 0x02;

/// Puts a message into its envelope.
pub(crate) fn seal(flags: u8, message: &[u8]) -> Bytes {
    let mut sealed = BytesMut::with_capacity(HEAD + message.len());
    sealed.put_u8(flags);
    // A message is far below 4 GiB; one that is not would be cut by its reader.
    sealed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    sealed.put_slice(message);
    sealed.freeze()
}

/// Takes the first message out of what came; none while it is not whole.
pub(crate) fn split(ahead: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, ConnectError> {
    let Some(head) = ahead.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let [flags, a, b, c, d] = *head;
    if flags & COMPRESSED != 0 {
        return Err(ConnectError::invalid("compressed messages are not taken"));
    }
    if flags != 0 {
        return Err(ConnectError::invalid("the envelope holds no message"));
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > limit {
        return Err(crate::body::BodyFault::TooLarge(limit).into());
    }
    if ahead.len() - HEAD < length {
        return Ok(None);
    }
    let mut message = ahead.split_to(HEAD + length);
    message.advance(HEAD);
    Ok(Some(message.freeze()))
}

/// The first message of a whole body of envelopes.
pub(super) fn first(body: &Bytes) -> Result<Bytes, ConnectError> {
    let mut ahead = BytesMut::from(&body[..]);
    let message = split(&mut ahead, body.len())?;
    message.ok_or_else(|| ConnectError::invalid("the body has no whole envelope"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens() {
        let sealed = seal(0, b"{}");
        assert_eq!(&sealed[..], b"\0\0\0\0\x02{}");
        assert_eq!(&first(&sealed).unwrap()[..], b"{}");
    }

    #[test]
    fn bad_envelopes_are_refused() {
        for bad in [
            &b""[..],
            b"\0\0\0\0",
            b"\0\0\0\0\x03{}",
            b"\0\xff\xff\xff\xff{}",
            b"\x01\0\0\0\x02{}",
            b"\x02\0\0\0\x02{}",
            b"\x80\0\0\0\x02{}",
        ] {
            assert!(first(&Bytes::copy_from_slice(bad)).is_err(), "{bad:?}");
        }
    }
}

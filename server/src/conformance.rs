//! For tests only, and not part of the interface: what reads the bytes of clients,
//! and what writes the words of guests, by themselves.

use axum::body::Body;
use axum::http::Uri;
use bytes::{Bytes, BytesMut};
use futures::stream;
use sandcell::Event;

use crate::access::{Operation, Signed};
use crate::connect;
use crate::envd::{Form, signed_target};
use crate::interpreter::Words;
use crate::secret::Secret;

/// Puts a message of the Connect protocol into its envelope.
#[must_use]
pub fn seal_envelope(message: &[u8]) -> Bytes {
    connect::seal(0, message)
}

/// Takes the first message of at most `limit` bytes out of what came of a stream;
/// none while it is not whole.
///
/// # Errors
/// What the client is told.
pub fn open_envelope(ahead: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, String> {
    connect::split(ahead, limit).map_err(|error| error.message)
}

/// The lines that an execution with these events is told in.
#[must_use]
pub fn lines(events: Vec<Event>) -> Vec<Vec<u8>> {
    let mut words = Words::default();
    let mut lines: Vec<_> = events
        .into_iter()
        .filter_map(|event| words.line(event))
        .collect();
    lines.extend(words.rest());
    lines.iter().map(|line| line.to_bytes()).collect()
}

/// Name, name of the file, and contents of a part of a form.
pub type Part = (Option<String>, Option<String>, Vec<u8>);

/// The parts of a form that comes in these pieces. Wants a tokio runtime with time.
///
/// # Errors
/// What the client is told.
pub async fn form(kind: &str, pieces: Vec<Bytes>) -> Result<Vec<Part>, String> {
    let pieces = pieces.into_iter().map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    let mut form = Form::new(kind, body).map_err(|refusal| refusal.message)?;
    let mut parts = Vec::new();
    while let Some(mut part) = form.next().await.map_err(|refusal| refusal.message)? {
        let name = part.name().map(str::to_owned);
        let file = part.file_name().map(str::to_owned);
        let mut contents = Vec::new();
        while let Some(bytes) = part.chunk().await.map_err(|refusal| refusal.message)? {
            contents.extend_from_slice(&bytes);
        }
        parts.push((name, file, contents));
    }
    Ok(parts)
}

fn operation(write: bool) -> Operation {
    if write {
        Operation::Write
    } else {
        Operation::Read
    }
}

/// The signature of a URL, as the owner of `token` makes it.
#[must_use]
pub fn sign(token: &str, path: &str, user: &str, write: bool, expiration: Option<i64>) -> String {
    let signed = Signed {
        path: path.to_owned(),
        operation: operation(write),
        user: user.to_owned(),
        expiration,
        signature: String::new(),
    };
    signed.sign(&Secret::new(token))
}

/// The path of a sandbox that a signed URL allows to read or to write; none when it
/// allows nothing.
#[must_use]
pub fn admitted(token: &str, url: &str, write: bool) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    signed_target(&uri, &Secret::new(token), operation(write))
}

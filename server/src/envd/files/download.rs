//! `GET /files`: a file, or a part of it, in pieces.

use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, RANGE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{Stream, stream};
use sandcell::files::Kind;

use crate::access::Operation;
use crate::envd::fault::Fault;
use crate::envd::files::query::Target;
use crate::envd::files::range::{Part, part};
use crate::envd::path::name;
use crate::lease::Lease;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Bytes that are read at once.
const PIECE: u64 = 256 << 10;

/// `GET /files`
pub(crate) async fn read(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let target = Target::new(&uri, &headers, &lease, Operation::Read)?;
    let path = target.resolved()?;
    let stat = lease.sandbox.files().stat(&path);
    let stat = stat.map_err(|error| Fault::at(&path, &error))?;
    if stat.kind == Kind::Directory {
        return Err(Refusal::bad_request(format!("{path}: is a directory")));
    }
    if stat.kind != Kind::File {
        return Err(Refusal::bad_request(format!("{path}: is no regular file")));
    }
    let size = stat.size;
    let wanted = match part(text(&headers, RANGE.as_str()), size) {
        Part::Whole => 0..size,
        Part::Bytes(bytes) => bytes,
        Part::Outside => return Ok(outside(size)),
    };
    let whole = wanted == (0..size);
    let length = wanted.end.saturating_sub(wanted.start);
    shared.counters.downloaded_bytes.add(length);
    let gzip = whole && size > 0 && wants_gzip(text(&headers, ACCEPT_ENCODING.as_str()));
    let shown = disposition(name(&path));
    let pieces = Pieces {
        lease,
        path,
        at: wanted.clone(),
    };
    let body = if gzip {
        Body::from_stream(pieces.compressed())
    } else {
        Body::from_stream(pieces.plain())
    };
    let mut response = Response::new(body);
    let set = response.headers_mut();
    set.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    set.insert(CONTENT_DISPOSITION, shown);
    set.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        set.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(response);
    }
    set.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if !whole {
        let range = format!(
            "bytes {}-{}/{size}",
            wanted.start,
            wanted.end.saturating_sub(1)
        );
        if let Ok(range) = HeaderValue::from_str(&range) {
            set.insert(CONTENT_RANGE, range);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// True when the client asks for gzip and for nothing else. All of the SDKs name
/// it among others in every request; on one machine that is work for nothing.
fn wants_gzip(accepted: Option<&str>) -> bool {
    accepted.is_some_and(|accepted| accepted.trim().eq_ignore_ascii_case("gzip"))
}

fn outside(size: u64) -> Response {
    let range = [(CONTENT_RANGE, format!("bytes */{size}"))];
    let refusal = Refusal::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        format!("the file has {size} bytes"),
    );
    (range, refusal).into_response()
}

/// The file's name for who saves it, with what a header cannot hold escaped.
fn disposition(name: &str) -> HeaderValue {
    let escaped = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!("inline; filename*=UTF-8''{escaped}"))
        .unwrap_or_else(|_| HeaderValue::from_static("inline"))
}

/// What is left to read of a file.
struct Pieces {
    lease: Arc<Lease>,
    path: String,
    at: Range<u64>,
}

/// The file became shorter, or its sandbox ended, while it was read.
#[derive(Debug, thiserror::Error)]
#[error("the file changed while it was read")]
struct Changed;

impl Pieces {
    fn next(&mut self) -> Option<Result<Bytes, Changed>> {
        if self.at.is_empty() {
            return None;
        }
        if self.lease.gone.is_cancelled() {
            self.at.start = self.at.end;
            return Some(Err(Changed));
        }
        let length = PIECE.min(self.at.end - self.at.start);
        let files = self.lease.sandbox.files();
        let bytes = files.read_range(&self.path, self.at.start, length);
        Some(match bytes {
            Ok(bytes) if !bytes.is_empty() => {
                self.at.start += bytes.len() as u64;
                Ok(Bytes::from(bytes))
            }
            _ => {
                self.at.start = self.at.end;
                Err(Changed)
            }
        })
    }

    fn plain(self) -> impl Stream<Item = Result<Bytes, Changed>> {
        stream::unfold(self, |mut pieces| async {
            pieces.next().map(|piece| (piece, pieces))
        })
    }

    fn compressed(self) -> impl Stream<Item = Result<Bytes, Changed>> {
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        stream::unfold((self, Some(encoder)), |(mut pieces, encoder)| async {
            let mut encoder = encoder?;
            match pieces.next() {
                Some(Ok(bytes)) => {
                    // Writing to a vector cannot fail.
                    let _written = encoder.write_all(&bytes);
                    let ready = Bytes::from(std::mem::take(encoder.get_mut()));
                    Some((Ok(ready), (pieces, Some(encoder))))
                }
                Some(Err(changed)) => Some((Err(changed), (pieces, None))),
                None => {
                    let rest = encoder.finish().unwrap_or_default();
                    Some((Ok(Bytes::from(rest)), (pieces, None)))
                }
            }
        })
    }
}

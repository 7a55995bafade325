//! Reading a form: its parts, and what they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};

use crate::body;
use crate::refusal::Refusal;

/// A form that is coming in. One part is read at a time.
#[derive(Debug)]
pub(crate) struct Form {
    fed: Fed,
    parts: multer::Multipart<'static>,
}

/// A part of a form.
#[derive(Debug)]
pub(crate) struct Part {
    fed: Fed,
    field: multer::Field<'static>,
}

impl Form {
    /// The form that `body` is, by the header that says so.
    pub(crate) fn new(kind: &str, body: Body) -> Result<Self, Refusal> {
        let boundary = multer::parse_boundary(kind).map_err(|error| bad_form(&error))?;
        let fed = Fed::default();
        let parts = multer::Multipart::new(fed.count(body), boundary);
        Ok(Self { fed, parts })
    }

    /// The next part; none at the end. The one before must be dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, Refusal> {
        let field = in_time(self.parts.next_field()).await?;
        self.fed.forget();
        let fed = self.fed.clone();
        Ok(field.map(|field| Part { fed, field }))
    }
}

impl Part {
    pub(crate) fn name(&self) -> Option<&str> {
        self.field.name()
    }

    pub(crate) fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    /// The next bytes that it holds; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        let chunk = in_time(self.field.chunk()).await?;
        self.fed.forget();
        Ok(chunk)
    }
}

/// Bytes that the reader of a form was given since it last gave something back.
/// It keeps what it cannot make sense of yet, however much that is.
#[derive(Debug, Clone, Default)]
struct Fed(Arc<AtomicUsize>);

/// The most bytes that the reader of a form may keep.
const FED: usize = 8 << 20;

/// The form has a part without end, or a head without end.
#[derive(Debug, thiserror::Error)]
#[error("more than {FED} bytes without a part's beginning or contents")]
struct Overfed;

impl Fed {
    fn count(&self, body: Body) -> impl Stream<Item = Result<Bytes, BoxError>> + use<> {
        let fed = Arc::clone(&self.0);
        body.into_data_stream().map(move |piece| {
            let piece = piece?;
            if fed.fetch_add(piece.len(), Ordering::Relaxed) > FED {
                return Err(Overfed.into());
            }
            Ok(piece)
        })
    }

    fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

async fn in_time<T>(reading: impl Future<Output = multer::Result<T>>) -> Result<T, Refusal> {
    match tokio::time::timeout(body::PATIENCE, reading).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(bad_form(&error)),
        Err(_) => Err(body::BodyFault::TooSlow.into()),
    }
}

fn bad_form(error: &multer::Error) -> Refusal {
    Refusal::bad_request(format!("the form cannot be read: {error}"))
}

//! Calls with a stream of answers.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::Stream;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::body;
use crate::connect::ConnectError;
use crate::connect::envelope::{self, END};
use crate::connect::unary::{MESSAGE_BYTES, check, parse};

/// How long a stream is silent before a sign of life is sent, unless the client
/// asks for another time.
const KEEPALIVE: Duration = Duration::from_secs(90);

/// Answers that may wait for a slow client.
const WAITING: usize = 64;

/// The message that opens a stream, and how often the client wants signs of
/// life. What is wrong with it is told in the stream, as the protocol wants it.
#[derive(Debug)]
pub(crate) struct Opening<T> {
    pub(crate) message: Result<T, ConnectError>,
    pub(crate) keepalive: Duration,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Opening<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let keepalive = request
            .headers()
            .get("keepalive-ping-interval")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map_or(KEEPALIVE, |seconds: u64| {
                Duration::from_secs(seconds.clamp(1, 3600))
            });
        let message = open(request).await;
        Ok(Self { message, keepalive })
    }
}

async fn open<T: DeserializeOwned>(request: Request) -> Result<T, ConnectError> {
    check(&request, "application/connect+json")?;
    let bytes = body::whole(request.into_body(), MESSAGE_BYTES).await?;
    parse(&envelope::first(&bytes)?)
}

/// The answers of a stream: sent by a task, and read by the client as they come.
#[derive(Debug)]
pub(crate) struct Answers {
    sender: mpsc::Sender<Piece>,
}

#[derive(Debug)]
enum Piece {
    Message(Value),
    End(Option<ConnectError>),
}

impl Answers {
    /// A new stream, and the response that carries it.
    pub(crate) fn new() -> (Self, Response) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let body = Body::from_stream(Pieces {
            receiver,
            ended: false,
        });
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static("application/connect+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        (Self { sender }, response)
    }

    /// A stream that fails at once.
    pub(crate) fn failed(error: &ConnectError) -> Response {
        let body = envelope::seal(END, json!({"error": error}).to_string().as_bytes());
        let kind = [(CONTENT_TYPE, "application/connect+json")];
        (kind, Body::from(body)).into_response()
    }

    /// A stream of one answer.
    pub(crate) fn one(answer: &Value) -> Response {
        let mut body = envelope::seal(0, answer.to_string().as_bytes()).to_vec();
        body.extend_from_slice(&envelope::seal(END, b"{}"));
        ([(CONTENT_TYPE, "application/connect+json")], body).into_response()
    }

    /// Sends an answer; false when nobody reads any more.
    pub(crate) async fn send(&self, message: Value) -> bool {
        self.sender.send(Piece::Message(message)).await.is_ok()
    }

    /// Ends the stream. A stream that is dropped without it is torn, which tells
    /// the client that its sandbox may be gone.
    pub(crate) async fn end(self, error: Option<ConnectError>) {
        // Nobody may be left to read it.
        let _unread = self.sender.send(Piece::End(error)).await;
    }

    /// Waits until nobody reads any more.
    pub(crate) async fn unread(&self) {
        self.sender.closed().await;
    }
}

struct Pieces {
    receiver: mpsc::Receiver<Piece>,
    ended: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, TornStream>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(piece) = self.receiver.poll_recv(context) else {
            return Poll::Pending;
        };
        Poll::Ready(Some(match piece {
            Some(Piece::Message(message)) => Ok(envelope::seal(0, message.to_string().as_bytes())),
            Some(Piece::End(error)) => {
                self.ended = true;
                let end = error.map_or_else(|| json!({}), |error| json!({"error": error}));
                Ok(envelope::seal(END, end.to_string().as_bytes()))
            }
            None => {
                self.ended = true;
                Err(TornStream)
            }
        }))
    }
}

/// The stream's sandbox is gone; the connection is dropped.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox of this stream is gone")]
struct TornStream;

//! How a call fails.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::body::BodyFault;
use crate::refusal::Refusal;

/// The codes of the protocol that this server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The request is wrong.
    InvalidArgument,
    /// Something named is not there.
    NotFound,
    /// Something is there already.
    AlreadyExists,
    /// It is not allowed.
    PermissionDenied,
    /// It is not known who asks.
    Unauthenticated,
    /// A limit or quota stands in the way.
    ResourceExhausted,
    /// The thing that is named is in no state for it.
    FailedPrecondition,
    /// This server cannot do it.
    Unimplemented,
    /// It cannot be done now.
    Unavailable,
    /// The time was over.
    DeadlineExceeded,
    /// Our own fault.
    Internal,
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists => StatusCode::CONFLICT,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ConnectError {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl ConnectError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }
}

impl From<BodyFault> for ConnectError {
    fn from(fault: BodyFault) -> Self {
        let code = match fault {
            BodyFault::TooLarge(_) => Code::ResourceExhausted,
            BodyFault::TooSlow => Code::DeadlineExceeded,
            BodyFault::Broken => Code::InvalidArgument,
        };
        Self::new(code, fault.to_string())
    }
}

impl From<Refusal> for ConnectError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status {
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
            StatusCode::NOT_IMPLEMENTED => Code::Unimplemented,
            status if status.is_server_error() => Code::Internal,
            _ => Code::InvalidArgument,
        };
        Self::new(code, refusal.message)
    }
}

/// The answer to a call with one answer.
impl IntoResponse for ConnectError {
    fn into_response(self) -> Response {
        (self.code.status(), Json(self)).into_response()
    }
}

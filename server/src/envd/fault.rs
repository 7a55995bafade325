//! What a refusal of the files is to a client.

use axum::http::StatusCode;
use sandcell::{Error, FileError};

use crate::connect::{Code, ConnectError};
use crate::refusal::Refusal;

/// A refusal of the files, with the path that it is about.
#[derive(Debug)]
pub(super) struct Fault {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Exists,
    Wrong,
    Forbidden,
    Full,
    Ended,
    Own,
}

impl Fault {
    /// What happened at `path`.
    pub(super) fn at(path: &str, error: &Error) -> Self {
        Self {
            kind: kind(error),
            message: format!("{path}: {error}"),
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.kind == Kind::Missing
    }
}

fn kind(error: &Error) -> Kind {
    let Error::Files(error) = error else {
        return match error {
            Error::Ended { .. } => Kind::Ended,
            _ => Kind::Own,
        };
    };
    match error {
        FileError::NotFound => Kind::Missing,
        FileError::Exists => Kind::Exists,
        FileError::ReadOnly | FileError::Denied | FileError::NotPermitted | FileError::Busy => {
            Kind::Forbidden
        }
        FileError::NoSpace { .. } | FileError::TooManyEntries { .. } => Kind::Full,
        FileError::Spill(spill) if spill.is_full() => Kind::Full,
        FileError::Spill(_) | FileError::Library(_) => Kind::Own,
        _ => Kind::Wrong,
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let status = match fault.kind {
            Kind::Missing => StatusCode::NOT_FOUND,
            Kind::Exists => StatusCode::CONFLICT,
            Kind::Wrong => StatusCode::BAD_REQUEST,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
            Kind::Ended => StatusCode::BAD_GATEWAY,
            Kind::Own => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, fault.message)
    }
}

impl From<Fault> for ConnectError {
    fn from(fault: Fault) -> Self {
        let code = match fault.kind {
            Kind::Missing => Code::NotFound,
            Kind::Exists => Code::AlreadyExists,
            Kind::Wrong => Code::InvalidArgument,
            Kind::Forbidden => Code::PermissionDenied,
            Kind::Full => Code::ResourceExhausted,
            Kind::Ended | Kind::Own => Code::Internal,
        };
        Self::new(code, fault.message)
    }
}

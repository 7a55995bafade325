//! What the C library says of errors.

use std::io::{Error, ErrorKind};

/// The words for an error.
pub(crate) fn message(error: &Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "No such file or directory",
        ErrorKind::PermissionDenied => "Permission denied",
        ErrorKind::AlreadyExists => "File exists",
        ErrorKind::IsADirectory => "Is a directory",
        ErrorKind::NotADirectory => "Not a directory",
        ErrorKind::BrokenPipe => "Broken pipe",
        ErrorKind::InvalidInput => "Invalid argument",
        ErrorKind::StorageFull => "No space left on device",
        ErrorKind::QuotaExceeded => "Disk quota exceeded",
        ErrorKind::FileTooLarge => "File too large",
        ErrorKind::ReadOnlyFilesystem => "Read-only file system",
        ErrorKind::InvalidFilename => "File name too long",
        ErrorKind::ResourceBusy => "Device or resource busy",
        ErrorKind::OutOfMemory => "Cannot allocate memory",
        ErrorKind::Unsupported => "Operation not supported",
        ErrorKind::WouldBlock => "Resource temporarily unavailable",
        ErrorKind::Interrupted => "Interrupted system call",
        ErrorKind::WriteZero => "Input/output error",
        _ => return error.to_string(),
    };
    words.to_owned()
}

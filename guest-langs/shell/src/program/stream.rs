//! Descriptors of the runtime as the shell's streams.

use std::any::Any;
use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use sandcell::FileError;
use sandcell::stream::{Descriptor, StreamError};

use crate::system::{Stream, StreamEnd};

/// A descriptor of the sandbox.
pub(super) struct End(pub(super) Descriptor);

pub(super) fn stream(descriptor: impl Into<Descriptor>) -> Stream {
    Arc::new(End(descriptor.into()))
}

/// The runtime's descriptor behind a stream.
pub(super) fn descriptor(stream: &Stream) -> Option<Descriptor> {
    let end = stream.as_any().downcast_ref::<End>()?;
    Some(end.0.clone())
}

impl StreamEnd for End {
    fn read(&self, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async move {
            let bytes = self.0.read(most).await.map_err(stream_error)?;
            Ok(bytes.to_vec())
        })
    }

    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(async move { self.0.write(bytes).await.map_err(stream_error) })
    }

    fn read_until(&self, end: u8, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        let Descriptor::File(file) = &self.0 else {
            return Box::pin(by_byte(&self.0, end, most));
        };
        Box::pin(async move {
            // A file can be read ahead: its offset goes back to behind the line.
            let mut line = Vec::new();
            while line.len() < most {
                let from = file.position();
                let chunk = file
                    .read((most - line.len()).min(512))
                    .map_err(stream_error)?;
                if let Some(at) = chunk.iter().position(|byte| *byte == end) {
                    line.extend_from_slice(chunk.get(..=at).unwrap_or_default());
                    file.seek(from + 1 + u64::try_from(at).unwrap_or(0));
                    break;
                }
                line.extend_from_slice(&chunk);
                if chunk.is_empty() {
                    break;
                }
            }
            Ok(line)
        })
    }

    fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

async fn by_byte(descriptor: &Descriptor, end: u8, most: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < most {
        let byte = descriptor.read(1).await.map_err(stream_error)?;
        line.extend_from_slice(&byte);
        if byte.is_empty() || byte.first() == Some(&end) {
            break;
        }
    }
    Ok(line)
}

fn stream_error(error: StreamError) -> io::Error {
    match error {
        StreamError::BrokenPipe => io::ErrorKind::BrokenPipe.into(),
        StreamError::Files(error) => file_error(&error),
        _ => io::Error::other("Bad file descriptor"),
    }
}

pub(super) fn file_error(error: &FileError) -> io::Error {
    use io::ErrorKind as Kind;
    let kind = match error {
        FileError::NotFound => Kind::NotFound,
        FileError::Exists => Kind::AlreadyExists,
        FileError::NotADirectory => Kind::NotADirectory,
        FileError::IsADirectory => Kind::IsADirectory,
        FileError::NameTooLong { .. } | FileError::PathTooLong { .. } => Kind::InvalidFilename,
        FileError::NoSpace { .. } | FileError::TooManyEntries { .. } => Kind::StorageFull,
        FileError::FileTooLarge { .. } => Kind::FileTooLarge,
        FileError::ReadOnly => Kind::ReadOnlyFilesystem,
        FileError::Denied | FileError::NotPermitted => Kind::PermissionDenied,
        FileError::Invalid | FileError::InvalidName => Kind::InvalidInput,
        FileError::TooManyLinks { .. } => {
            return io::Error::other("Too many levels of symbolic links");
        }
        other => return io::Error::other(other.to_string()),
    };
    kind.into()
}

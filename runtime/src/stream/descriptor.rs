//! What a descriptor of a process stands for.

use bytes::Bytes;

use crate::files::FileError;

use super::file::OpenFile;
use super::pipe::{PipeReader, PipeWriter};
use super::terminal::Terminal;

/// What stands under a number in the table of a process. A clone is a duplicate:
/// it shares the end of the pipe, or the offset of the file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Descriptor {
    /// Reads as empty and swallows what is written.
    Null,
    /// The end of a pipe that is read.
    Reader(PipeReader),
    /// The end of a pipe that is written.
    Writer(PipeWriter),
    /// An open file or device.
    File(OpenFile),
}

/// Why a descriptor could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// Nobody reads what is written.
    #[error("broken pipe")]
    BrokenPipe,
    /// It is not open for reading.
    #[error("it is not open for reading")]
    NotReadable,
    /// It is not open for writing.
    #[error("it is not open for writing")]
    NotWritable,
    /// The file behind it refuses.
    #[error(transparent)]
    Files(#[from] FileError),
}

impl Descriptor {
    /// Whether it is the end of a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Reader(reader) => reader.is_terminal(),
            Self::Writer(writer) => writer.is_terminal(),
            Self::Null | Self::File(_) => false,
        }
    }

    /// The terminal that it is the end of, while that is there.
    #[must_use]
    pub fn terminal(&self) -> Option<Terminal> {
        match self {
            Self::Reader(reader) => reader.terminal(),
            Self::Writer(writer) => writer.terminal(),
            Self::Null | Self::File(_) => None,
        }
    }

    /// Reads at most `limit` bytes, waiting for a pipe that is empty; empty at
    /// the end.
    ///
    /// # Errors
    /// It is not open for reading, or why its bytes cannot be had.
    pub async fn read(&self, limit: usize) -> Result<Bytes, StreamError> {
        match self {
            Self::Null => Ok(Bytes::new()),
            Self::Reader(reader) => Ok(reader.read(limit).await),
            Self::Writer(_) => Err(StreamError::NotReadable),
            Self::File(file) => file.read(limit),
        }
    }

    /// Reads all there is, up to `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_to_end(&self, limit: usize) -> Result<Vec<u8>, StreamError> {
        let mut all = Vec::new();
        while all.len() < limit {
            let bytes = self.read(limit - all.len()).await?;
            if bytes.is_empty() {
                break;
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    /// Writes some of `bytes`, waiting for room in a pipe, and answers how many.
    ///
    /// # Errors
    /// [`StreamError::BrokenPipe`]; it is not open for writing; a quota.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        match self {
            Self::Null => Ok(bytes.len()),
            Self::Reader(_) => Err(StreamError::NotWritable),
            Self::Writer(writer) => writer.write(bytes).await,
            Self::File(file) => file.write(bytes),
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`Self::write`]; some may have been written.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<(), StreamError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.write(rest).await?;
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }
}

impl From<PipeReader> for Descriptor {
    fn from(reader: PipeReader) -> Self {
        Self::Reader(reader)
    }
}

impl From<PipeWriter> for Descriptor {
    fn from(writer: PipeWriter) -> Self {
        Self::Writer(writer)
    }
}

impl From<OpenFile> for Descriptor {
    fn from(file: OpenFile) -> Self {
        Self::File(file)
    }
}

//! Little-endian numbers and texts into a writer.

use std::io::Write;

use super::error::SavedError;

/// Bytes that are collected before the writer is called.
const BATCH: usize = 64 << 10;

/// A writer of one section. Ends with [`Sink::finish`].
pub(crate) struct Sink<'w> {
    output: &'w mut dyn Write,
    part: &'static str,
    batch: Vec<u8>,
}

impl std::fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

impl<'w> Sink<'w> {
    /// Begin a section; `part` names it in errors.
    pub(crate) fn new(
        output: &'w mut dyn Write,
        part: &'static str,
        magic: [u8; 8],
        version: u32,
    ) -> Self {
        let mut batch = Vec::with_capacity(4096);
        batch.extend_from_slice(&magic);
        batch.extend_from_slice(&version.to_le_bytes());
        Self {
            output,
            part,
            batch,
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), SavedError> {
        self.batch.extend_from_slice(bytes);
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    pub(crate) fn u8(&mut self, value: u8) -> Result<(), SavedError> {
        self.bytes(&[value])
    }

    pub(crate) fn u16(&mut self, value: u16) -> Result<(), SavedError> {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> Result<(), SavedError> {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> Result<(), SavedError> {
        self.bytes(&value.to_le_bytes())
    }

    /// A text of at most 65,535 bytes, behind its length in two bytes.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), SavedError> {
        let length = u16::try_from(text.len())
            .map_err(|_| SavedError::malformed(self.part, 0, "a text is too long"))?;
        self.u16(length)?;
        self.bytes(text.as_bytes())
    }

    /// A text of at most 4 GiB, behind its length in four bytes.
    pub(crate) fn long_text(&mut self, text: &str) -> Result<(), SavedError> {
        let length = u32::try_from(text.len())
            .map_err(|_| SavedError::malformed(self.part, 0, "a text is too long"))?;
        self.u32(length)?;
        self.bytes(text.as_bytes())
    }

    fn flush(&mut self) -> Result<(), SavedError> {
        let part = self.part;
        self.output
            .write_all(&self.batch)
            .map_err(|error| SavedError::Write {
                part,
                kind: error.kind(),
            })?;
        self.batch.clear();
        Ok(())
    }

    /// Hand everything to the writer, which is not flushed.
    pub(crate) fn finish(mut self) -> Result<(), SavedError> {
        self.flush()
    }
}

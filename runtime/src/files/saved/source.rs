//! Little-endian numbers and texts out of a reader that is not trusted.

use std::io::{ErrorKind, Read};

use super::error::SavedError;

/// A reader of one section. It reads no byte behind the section.
pub(crate) struct Source<'r> {
    input: &'r mut dyn Read,
    section: &'static str,
    /// What is being read, for errors.
    part: &'static str,
    /// Which of its kind.
    number: u64,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("part", &self.part)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl<'r> Source<'r> {
    /// Begin a section, which must have this magic and version.
    pub(crate) fn new(
        input: &'r mut dyn Read,
        section: &'static str,
        magic: [u8; 8],
        version: u32,
    ) -> Result<Self, SavedError> {
        let mut source = Self {
            input,
            section,
            part: section,
            number: 0,
        };
        if source.array::<8>()? != magic {
            return Err(SavedError::Magic { part: section });
        }
        let found = source.u32()?;
        if found != version {
            return Err(SavedError::Version {
                part: section,
                found,
                expected: version,
            });
        }
        Ok(source)
    }

    /// Say what is read next.
    pub(crate) const fn part(&mut self, part: &'static str, number: u64) {
        self.part = part;
        self.number = number;
    }

    /// The part that is being read is wrong.
    pub(crate) const fn wrong(&self, detail: &'static str) -> SavedError {
        SavedError::malformed(self.part, self.number, detail)
    }

    /// Fill `into` with the next bytes.
    pub(crate) fn fill(&mut self, into: &mut [u8]) -> Result<(), SavedError> {
        self.input
            .read_exact(into)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => SavedError::Truncated { part: self.section },
                kind => SavedError::Read {
                    part: self.section,
                    kind,
                },
            })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SavedError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, SavedError> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, SavedError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SavedError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SavedError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text behind its length in two bytes, of at most `limit` bytes.
    pub(crate) fn text(&mut self, limit: usize) -> Result<String, SavedError> {
        let length = usize::from(self.u16()?);
        if length > limit {
            return Err(self.wrong("a text is too long"));
        }
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    /// A text behind its length in four bytes. Memory grows with the bytes that
    /// arrive, not with what the length promises.
    pub(crate) fn long_text(&mut self, limit: u64) -> Result<String, SavedError> {
        let length = u64::from(self.u32()?);
        if length > limit {
            return Err(self.wrong("a text is too long"));
        }
        let mut bytes = Vec::new();
        let read = (&mut *self.input).take(length).read_to_end(&mut bytes);
        let read = read.map_err(|error| SavedError::Read {
            part: self.section,
            kind: error.kind(),
        })?;
        if (read as u64) < length {
            return Err(SavedError::Truncated { part: self.section });
        }
        String::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))
    }
}

//! The bytes of one file: its chunks, so that holes stay holes.

use super::error::SavedError;
use super::sink::Sink;
use super::source::Source;
use crate::files::contents::{Contents, Residence};
use crate::files::spill::CHUNK_BYTES;

impl Contents {
    pub(super) fn save(&self, sink: &mut Sink<'_>) -> Result<(), SavedError> {
        sink.u64(self.size())?;
        sink.u64(self.chunk_lengths(0).count() as u64)?;
        let mut buffer = Vec::new();
        for (index, length) in self.chunk_lengths(0) {
            sink.u64(index)?;
            sink.u32(u32::try_from(length).unwrap_or(u32::MAX))?;
            buffer.resize(length, 0);
            self.read_chunk(index, &mut buffer)?;
            sink.bytes(&buffer)?;
        }
        Ok(())
    }

    /// Read contents of at most `room` bytes, where the size may be `size_limit`.
    pub(super) fn load(
        source: &mut Source<'_>,
        size_limit: u64,
        room: u64,
        residence: Residence<'_>,
    ) -> Result<Self, SavedError> {
        let size = source.u64()?;
        SavedError::check("bytes of one file", size, size_limit)?;
        let count = source.u64()?;
        if count > size.div_ceil(CHUNK_BYTES as u64) {
            return Err(source.wrong("it has more chunks than its size"));
        }
        let mut contents = Self::default();
        let mut least = 0;
        let mut buffer = Vec::new();
        for _ in 0..count {
            let index = source.u64()?;
            if index < least {
                return Err(source.wrong("its chunks are not in order"));
            }
            least = index.saturating_add(1);
            let length = source.u32()? as usize;
            if length == 0 || length > CHUNK_BYTES {
                return Err(source.wrong("a chunk has a length that no chunk has"));
            }
            let offset = index.checked_mul(CHUNK_BYTES as u64);
            let end = offset.and_then(|offset| offset.checked_add(length as u64));
            let (Some(offset), Some(true)) = (offset, end.map(|end| end <= size)) else {
                return Err(source.wrong("a chunk lies behind its end"));
            };
            let held = contents.allocated() + length as u64;
            SavedError::check("bytes of contents", held, room)?;
            buffer.resize(length, 0);
            source.fill(&mut buffer)?;
            contents.write(offset, &buffer, residence)?;
        }
        contents.set_size(size);
        Ok(contents)
    }
}

//! Calls that move bytes and offsets of open files.

use crate::files::{Device, NodeId, Tree};
use crate::stream::PIPE_BYTES;

use super::abi::{Errno, whence};
use super::call::{Call, Effect, INPUT_BYTES, Input, OUTPUT_BYTES, Output, ReadReply, WriteReply};
use super::descriptors::{Descriptor, Descriptors, OpenFile, PipeEnd, PipeSide};
use super::memory::{self, Vectors};

impl Descriptors {
    /// Read into the buffers at `iovs`; the number of bytes goes to `nread`.
    ///
    /// # Errors
    /// `EBADF` when not open for reading, `EISDIR`, `EFAULT`, `EINVAL` for more
    /// than 1,024 buffers or 2 GiB, `EIO`.
    pub(crate) fn fd_read(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Result<Effect, Errno> {
        let vectors = Vectors::read(call.memory, iovs, iovs_len)?;
        memory::check(call.memory, nread, 4)?;
        match self.get_mut(fd)? {
            Descriptor::Stdin => ask(call, Input::Stdin, vectors, nread),
            Descriptor::Output(_) => Err(Errno::Badf),
            Descriptor::Directory(_) => Err(Errno::Isdir),
            Descriptor::Null => {
                memory::put_u32(call.memory, nread, 0)?;
                Ok(Effect::Done)
            }
            Descriptor::Pipe(end) => read_pipe(call, end, vectors, nread),
            Descriptor::File(file) if !file.read => Err(Errno::Badf),
            Descriptor::File(file) if file.device == Some(Device::Random) => {
                ask(call, Input::Random, vectors, nread)
            }
            Descriptor::File(file) => {
                let place = file.offset.get();
                let read = read_into(call, file.node, &vectors, place)?;
                file.offset.set(place.saturating_add(u64::from(read)));
                memory::put_u32(call.memory, nread, read)?;
                Ok(Effect::Done)
            }
        }
    }

    /// Read from `offset` on; the descriptor's own offset stays.
    ///
    /// # Errors
    /// As [`Descriptors::fd_read`]; `ESPIPE` for a stream.
    pub(crate) fn fd_pread(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Result<Effect, Errno> {
        let vectors = Vectors::read(call.memory, iovs, iovs_len)?;
        memory::check(call.memory, nread, 4)?;
        let file = self.file(fd)?;
        check_offset(offset)?;
        if !file.read {
            return Err(Errno::Badf);
        }
        if file.device == Some(Device::Random) {
            return ask(call, Input::Random, vectors, nread);
        }
        let read = read_into(call, file.node, &vectors, offset)?;
        memory::put_u32(call.memory, nread, read)?;
        Ok(Effect::Done)
    }

    /// Write the buffers at `iovs`; the number of bytes goes to `nwritten`.
    /// What does not fit into the tree is refused as a whole.
    ///
    /// # Errors
    /// `EBADF` when not open for writing, `ENOSPC`, `EFBIG`, `EFAULT`, `EINVAL`
    /// for more than 1,024 buffers or 2 GiB, `EIO`.
    pub(crate) fn fd_write(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Result<Effect, Errno> {
        let vectors = Vectors::read(call.memory, iovs, iovs_len)?;
        memory::check(call.memory, nwritten, 4)?;
        match self.get_mut(fd)? {
            Descriptor::Output(output) => emit(call, *output, &vectors, nwritten),
            Descriptor::Stdin | Descriptor::Directory(_) => Err(Errno::Badf),
            Descriptor::Null => {
                let length = u32::try_from(vectors.total()).map_err(|_| Errno::Inval)?;
                memory::put_u32(call.memory, nwritten, length)?;
                Ok(Effect::Done)
            }
            Descriptor::Pipe(end) => write_pipe(call, end, &vectors, nwritten),
            Descriptor::File(file) if !file.write => Err(Errno::Badf),
            Descriptor::File(file) => {
                let offset = if file.appends() {
                    call.tree.stat_of(file.node)?.size
                } else {
                    file.offset.get()
                };
                let written = write_from(call, file, &vectors, offset)?;
                if written > 0 {
                    file.offset.set(offset.saturating_add(u64::from(written)));
                }
                memory::put_u32(call.memory, nwritten, written)?;
                Ok(Effect::Done)
            }
        }
    }

    /// Write at `offset`, also when the file is open for appending; the
    /// descriptor's own offset stays.
    ///
    /// # Errors
    /// As [`Descriptors::fd_write`]; `ESPIPE` for a stream.
    pub(crate) fn fd_pwrite(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let vectors = Vectors::read(call.memory, iovs, iovs_len)?;
        memory::check(call.memory, nwritten, 4)?;
        let file = match self.file(fd) {
            Err(Errno::Isdir) => return Err(Errno::Badf),
            file => file?.clone(),
        };
        check_offset(offset)?;
        if !file.write {
            return Err(Errno::Badf);
        }
        let written = write_from(call, &file, &vectors, offset)?;
        memory::put_u32(call.memory, nwritten, written)
    }

    /// Move the offset of a file; where it is then goes to `newoffset`.
    ///
    /// # Errors
    /// `ESPIPE` for a stream, `EISDIR`, `EINVAL` for a place before the start.
    pub(crate) fn fd_seek(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        newoffset: u32,
    ) -> Result<(), Errno> {
        memory::check(call.memory, newoffset, 8)?;
        let file = self.file_mut(fd)?;
        let base = match whence {
            whence::SET => 0,
            whence::CUR => file.offset.get(),
            whence::END => call.tree.stat_of(file.node)?.size,
            _ => return Err(Errno::Inval),
        };
        let place = base.checked_add_signed(offset).ok_or(Errno::Inval)?;
        check_offset(place)?;
        file.offset.set(place);
        memory::put_u64(call.memory, newoffset, place)
    }

    /// Where the offset of a file is.
    ///
    /// # Errors
    /// As [`Descriptors::fd_seek`].
    pub(crate) fn fd_tell(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        offset: u32,
    ) -> Result<(), Errno> {
        let file = self.file(fd)?;
        memory::put_u64(call.memory, offset, file.offset.get())
    }

    /// Advice on how a file will be used. Checked, and not needed.
    ///
    /// # Errors
    /// `ESPIPE` for a stream, `EBADF` for a directory, `EINVAL`.
    pub(crate) fn fd_advise(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        offset: u64,
        len: u64,
        advice: u32,
    ) -> Result<(), Errno> {
        const LAST_ADVICE: u32 = 5;
        match self.file(fd) {
            Err(Errno::Isdir) => return Err(Errno::Badf),
            file => file?,
        };
        if advice > LAST_ADVICE || offset.checked_add(len).is_none() {
            return Err(Errno::Inval);
        }
        Ok(())
    }

    /// Make room for a part of a file, which grows when needed.
    ///
    /// # Errors
    /// `EBADF` when not open for writing, `ESPIPE`, `EISDIR`, `EINVAL` for an
    /// empty part, `EFBIG`, `ENOSPC`, `ENOTSUP` for a device.
    pub(crate) fn fd_allocate(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        offset: u64,
        len: u64,
    ) -> Result<(), Errno> {
        let file = self.file(fd)?;
        if !file.write {
            return Err(Errno::Badf);
        }
        if file.device.is_some() {
            return Err(Errno::Notsup);
        }
        if len == 0 {
            return Err(Errno::Inval);
        }
        let now_ns = call.now.realtime_ns;
        call.tree.allocate_in(file.node, offset, len, now_ns)?;
        Ok(())
    }

    /// Cut or extend an open file.
    ///
    /// # Errors
    /// `EINVAL` when not open for writing, for a stream and a device; `EISDIR`,
    /// `EFBIG`.
    pub(crate) fn fd_filestat_set_size(
        &mut self,
        call: &mut Call<'_>,
        fd: u32,
        size: u64,
    ) -> Result<(), Errno> {
        let file = match self.file(fd) {
            Err(Errno::Spipe) => return Err(Errno::Inval),
            file => file?,
        };
        if !file.write || file.device.is_some() {
            return Err(Errno::Inval);
        }
        let now_ns = call.now.realtime_ns;
        call.tree.set_size_of(file.node, size, now_ns)?;
        Ok(())
    }

    /// Nothing to do: what was written is where it belongs.
    ///
    /// # Errors
    /// `EBADF`; `EINVAL` for a stream.
    pub(crate) fn fd_sync(&mut self, _call: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
        match self.get(fd)? {
            Descriptor::File(_) | Descriptor::Directory(_) => Ok(()),
            _ => Err(Errno::Inval),
        }
    }

    /// As [`Descriptors::fd_sync`].
    ///
    /// # Errors
    /// As [`Descriptors::fd_sync`].
    pub(crate) fn fd_datasync(&mut self, call: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
        self.fd_sync(call, fd)
    }
}

/// Offsets are signed in the guest's C library.
fn check_offset(offset: u64) -> Result<(), Errno> {
    i64::try_from(offset).map_err(|_| Errno::Inval).map(|_| ())
}

/// Have the engine fill the buffers.
fn ask(call: &mut Call<'_>, input: Input, vectors: Vectors, nread: u32) -> Result<Effect, Errno> {
    let limit = vectors.total().min(INPUT_BYTES);
    if limit == 0 {
        memory::put_u32(call.memory, nread, 0)?;
        return Ok(Effect::Done);
    }
    let reply = ReadReply::new(vectors, nread);
    Ok(Effect::Read {
        input,
        limit,
        reply,
    })
}

/// Have the engine write the buffers to an output.
fn emit(
    call: &mut Call<'_>,
    output: Output,
    vectors: &Vectors,
    nwritten: u32,
) -> Result<Effect, Errno> {
    let bytes = gather(call, vectors, OUTPUT_BYTES)?;
    if bytes.is_empty() {
        memory::put_u32(call.memory, nwritten, 0)?;
        return Ok(Effect::Done);
    }
    Ok(Effect::Write {
        output,
        bytes,
        reply: WriteReply::new(nwritten),
    })
}

/// The bytes of the buffers, at most `limit`.
fn gather(call: &Call<'_>, vectors: &Vectors, limit: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::with_capacity(vectors.total().min(limit));
    for (address, length) in vectors.up_to(limit) {
        bytes.extend_from_slice(memory::bytes(call.memory, address, length)?);
    }
    Ok(bytes)
}

/// Read what is in a pipe, or have the engine wait for it.
fn read_pipe(
    call: &mut Call<'_>,
    end: &PipeEnd,
    vectors: Vectors,
    nread: u32,
) -> Result<Effect, Errno> {
    let limit = vectors.total().min(INPUT_BYTES);
    let reply = ReadReply::new(vectors, nread);
    let there = match &end.side {
        PipeSide::Writer(_) => return Err(Errno::Badf),
        PipeSide::Broken => Some(bytes::Bytes::new()),
        PipeSide::Reader(_) if limit == 0 => Some(bytes::Bytes::new()),
        PipeSide::Reader(reader) => reader.try_read(limit),
    };
    match (there, &end.side) {
        (Some(there), _) => {
            reply.complete(call.memory, &there)?;
            Ok(Effect::Done)
        }
        (None, PipeSide::Reader(reader)) if end.blocks() => Ok(Effect::ReadPipe {
            reader: reader.clone(),
            limit,
            reply,
        }),
        (None, _) => Err(Errno::Again),
    }
}

/// Write into a pipe, or have the engine wait for room.
fn write_pipe(
    call: &mut Call<'_>,
    end: &PipeEnd,
    vectors: &Vectors,
    nwritten: u32,
) -> Result<Effect, Errno> {
    let writer = match &end.side {
        PipeSide::Reader(_) => return Err(Errno::Badf),
        PipeSide::Broken => return Ok(Effect::BrokenPipe),
        PipeSide::Writer(writer) => writer,
    };
    let bytes = gather(call, vectors, PIPE_BYTES)?;
    if bytes.is_empty() {
        memory::put_u32(call.memory, nwritten, 0)?;
        return Ok(Effect::Done);
    }
    let reply = WriteReply::new(nwritten);
    match writer.try_write(&bytes) {
        Ok(Some(written)) => {
            reply.complete(call.memory, written)?;
            Ok(Effect::Done)
        }
        Ok(None) if end.blocks() => Ok(Effect::WritePipe {
            writer: writer.clone(),
            bytes,
            reply,
        }),
        Ok(None) => Err(Errno::Again),
        Err(_) => Ok(Effect::BrokenPipe),
    }
}

/// Read from a file straight into the guest's buffers.
fn read_into(
    call: &mut Call<'_>,
    node: NodeId,
    vectors: &Vectors,
    offset: u64,
) -> Result<u32, Errno> {
    let tree: &Tree = call.tree;
    let mut done: u32 = 0;
    for (address, length) in vectors.up_to(usize::MAX) {
        let place = memory::bytes_mut(call.memory, address, length)?;
        let at = offset.saturating_add(u64::from(done));
        let read = match tree.read_at(node, at, place) {
            Ok(read) => u32::try_from(read).map_err(|_| Errno::Overflow)?,
            // What was read before is told; the error comes with the next read.
            Err(_) if done > 0 => break,
            Err(error) => return Err(error.into()),
        };
        done += read;
        if read < length {
            break;
        }
    }
    Ok(done)
}

/// Write the guest's buffers straight into a file.
fn write_from(
    call: &mut Call<'_>,
    file: &OpenFile,
    vectors: &Vectors,
    offset: u64,
) -> Result<u32, Errno> {
    let length: u64 = vectors.up_to(usize::MAX).map(|(_, n)| u64::from(n)).sum();
    call.tree.check_write(file.node, offset, length)?;
    let mut done: u32 = 0;
    for (address, length) in vectors.up_to(usize::MAX) {
        let bytes = memory::bytes(call.memory, address, length)?;
        let at = offset.saturating_add(u64::from(done));
        let now_ns = call.now.realtime_ns;
        let written = match call.tree.write_at(file.node, at, bytes, now_ns) {
            Ok(written) => u32::try_from(written).map_err(|_| Errno::Overflow)?,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error.into()),
        };
        done += written;
        if written < length {
            break;
        }
    }
    Ok(done)
}

//! Calls on sockets, of which there are none: no descriptor is ever one.

use super::abi::Errno;
use super::call::Call;
use super::descriptors::Descriptors;

impl Descriptors {
    /// Accept a connection.
    ///
    /// # Errors
    /// `EBADF` when `fd` is not open, else `ENOTSOCK`.
    pub(crate) fn sock_accept(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        _flags: u32,
        _opened: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Receive a message.
    ///
    /// # Errors
    /// As [`Descriptors::sock_accept`].
    #[expect(clippy::too_many_arguments, reason = "those of preview 1")]
    pub(crate) fn sock_recv(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        _data: u32,
        _data_len: u32,
        _flags: u32,
        _nread: u32,
        _roflags: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Send a message.
    ///
    /// # Errors
    /// As [`Descriptors::sock_accept`].
    pub(crate) fn sock_send(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        _data: u32,
        _data_len: u32,
        _flags: u32,
        _nwritten: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Shut a connection down.
    ///
    /// # Errors
    /// As [`Descriptors::sock_accept`].
    pub(crate) fn sock_shutdown(
        &mut self,
        _call: &mut Call<'_>,
        fd: u32,
        _how: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    fn no_socket(&self, fd: u32) -> Result<(), Errno> {
        self.get(fd)?;
        Err(Errno::Notsock)
    }
}

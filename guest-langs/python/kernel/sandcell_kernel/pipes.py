"""asyncio's subprocesses: pipes that the loop watches, and children that it waits for."""

import os
import select
import subprocess
from asyncio import base_subprocess, transports

import _sandcell

_wait_child = _sandcell.wait_child

READ_BYTES = 64 * 1024
# A pipe that is ready takes as many bytes at once without waiting.
WRITE_BYTES = 4096
# While children or host calls are under way as well, the pipes are looked at so often (in milliseconds).
LOOK = 5


class Watch:
    """What a loop waits for besides host calls."""

    def __init__(self):
        self.readers = {}
        self.writers = {}
        self.children = {}

    def __bool__(self):
        return bool(self.readers or self.writers or self.children)

    def look(self, seconds, calls_under_way):
        """Wait at most so long (None: for ever), or until something is there, and tell who waits for it."""
        milliseconds = -1 if seconds is None else max(0, round(seconds * 1000 + 0.5)) if seconds > 0 else 0
        if self.children or calls_under_way:
            milliseconds = LOOK if milliseconds < 0 else min(milliseconds, LOOK)
        poll = select.poll()
        for descriptor in self.readers.keys() | self.writers.keys():
            events = (select.POLLIN if descriptor in self.readers else 0) | (
                select.POLLOUT if descriptor in self.writers else 0
            )
            poll.register(descriptor, events)
        if self.readers or self.writers:
            for descriptor, events in poll.poll(milliseconds):
                if events & ~select.POLLOUT:
                    self._call(self.readers, descriptor)
                if events & ~select.POLLIN:
                    self._call(self.writers, descriptor)
        self._reap(0 if self.readers or self.writers or calls_under_way else milliseconds)

    @staticmethod
    def _call(table, descriptor):
        callback = table.get(descriptor)
        if callback is not None:
            callback()

    def _reap(self, milliseconds):
        for pid in list(self.children):
            try:
                ended = _wait_child(pid, milliseconds * 1_000_000)
            except OSError:
                ended = pid, 255 << 8
            milliseconds = 0
            if ended is not None:
                self.children.pop(pid)(os.waitstatus_to_exitcode(ended[1]))


class ReadPipe(transports.ReadTransport):
    """What comes out of a pipe goes to a protocol."""

    def __init__(self, loop, pipe, protocol, waiter):
        super().__init__({"pipe": pipe})
        self._loop, self._pipe, self._protocol = loop, pipe, protocol
        self._descriptor = pipe.fileno()
        self._closing = self._paused = False
        loop.call_soon(protocol.connection_made, self)
        loop.call_soon(self._resume)
        loop.call_soon(_settle, waiter)

    def _resume(self):
        if not (self._closing or self._paused):
            self._loop.watch.readers[self._descriptor] = self._ready

    def _ready(self):
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except OSError as error:
            self._close(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._loop.call_soon(self._protocol.eof_received)
            self._close(None)

    def pause_reading(self):
        self._paused = True
        self._loop.watch.readers.pop(self._descriptor, None)

    def resume_reading(self):
        self._paused = False
        self._resume()

    def is_reading(self):
        return not (self._paused or self._closing)

    def set_protocol(self, protocol):
        self._protocol = protocol

    def get_protocol(self):
        return self._protocol

    def is_closing(self):
        return self._closing

    def close(self):
        self._close(None)

    def _close(self, error):
        if self._closing:
            return
        self._closing = True
        self._loop.watch.readers.pop(self._descriptor, None)
        self._loop.call_soon(self._lost, error)

    def _lost(self, error):
        self._protocol.connection_lost(error)
        self._pipe.close()


class WritePipe(transports._FlowControlMixin, transports.WriteTransport):
    """What is written goes into a pipe when there is room."""

    def __init__(self, loop, pipe, protocol, waiter):
        super().__init__({"pipe": pipe}, loop)
        self._pipe, self._protocol = pipe, protocol
        self._descriptor = pipe.fileno()
        self._waiting = bytearray()
        self._closing = self._ended = False
        loop.call_soon(protocol.connection_made, self)
        loop.call_soon(_settle, waiter)

    def get_write_buffer_size(self):
        return len(self._waiting)

    def write(self, data):
        if self._closing or self._ended or not data:
            return
        self._waiting += data
        self._loop.watch.writers[self._descriptor] = self._ready
        self._maybe_pause_protocol()

    def _ready(self):
        try:
            count = os.write(self._descriptor, self._waiting[:WRITE_BYTES]) if self._waiting else 0
        except OSError as error:
            self._close(error)
            return
        del self._waiting[:count]
        self._maybe_resume_protocol()
        if not self._waiting:
            self._loop.watch.writers.pop(self._descriptor, None)
            if self._ended:
                self._close(None)

    def can_write_eof(self):
        return True

    def write_eof(self):
        self._ended = True
        if not self._waiting:
            self._close(None)

    def set_protocol(self, protocol):
        self._protocol = protocol

    def get_protocol(self):
        return self._protocol

    def is_closing(self):
        return self._closing or self._ended

    def close(self):
        if not self._closing:
            self.write_eof()

    def abort(self):
        self._close(None)

    def _close(self, error):
        if self._closing:
            return
        self._closing = True
        self._waiting.clear()
        self._loop.watch.writers.pop(self._descriptor, None)
        self._loop.call_soon(self._lost, error)

    def _lost(self, error):
        self._protocol.connection_lost(error)
        self._pipe.close()


def _settle(waiter):
    if not waiter.done():
        waiter.set_result(None)


class Subprocess(base_subprocess.BaseSubprocessTransport):
    """A child that the loop waits for."""

    def _start(self, args, shell, stdin, stdout, stderr, bufsize, **kwargs):
        self._proc = subprocess.Popen(
            args, shell=shell, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=bufsize, **kwargs
        )


class Pipes:
    """The part of an event loop that has to do with processes."""

    watch = None

    async def connect_read_pipe(self, protocol_factory, pipe):
        return await self._connect(ReadPipe, protocol_factory, pipe)

    async def connect_write_pipe(self, protocol_factory, pipe):
        return await self._connect(WritePipe, protocol_factory, pipe)

    async def _connect(self, kind, protocol_factory, pipe):
        protocol = protocol_factory()
        waiter = self.create_future()
        transport = kind(self, pipe, protocol, waiter)
        await waiter
        return transport, protocol

    def add_reader(self, fd, callback, *args):
        number = fd if isinstance(fd, int) else fd.fileno()
        self.watch.readers[number] = lambda: self.call_soon(callback, *args)

    def remove_reader(self, fd):
        number = fd if isinstance(fd, int) else fd.fileno()
        return self.watch.readers.pop(number, None) is not None

    def add_writer(self, fd, callback, *args):
        number = fd if isinstance(fd, int) else fd.fileno()
        self.watch.writers[number] = lambda: self.call_soon(callback, *args)

    def remove_writer(self, fd):
        number = fd if isinstance(fd, int) else fd.fileno()
        return self.watch.writers.pop(number, None) is not None

    async def _make_subprocess_transport(
        self, protocol, args, shell, stdin, stdout, stderr, bufsize, extra=None, **kwargs
    ):
        waiter = self.create_future()
        transport = Subprocess(
            self, protocol, args, shell, stdin, stdout, stderr, bufsize, waiter=waiter, extra=extra, **kwargs
        )

        def ended(code):
            self.call_soon(transport._process_exited, code)

        self.watch.children[transport.get_pid()] = ended
        try:
            await waiter
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            transport.close()
            await transport._wait()
            raise
        return transport

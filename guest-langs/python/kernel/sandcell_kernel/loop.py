"""The event loop of the sandbox: asyncio over the host's ``wait``.

One loop of the kernel lives across cells. While a plain cell runs it counts as the running loop for
``asyncio.create_task`` and its like (as in Jupyter), although it does not run: it runs while a cell awaits, and
it gets a turn before and after every cell. ``asyncio.run`` in a plain cell works, with a loop of its own.
"""

import asyncio
import math
import sys
import time
from asyncio import base_events, events, futures
from types import CodeType

import _sandcell

from . import pipes, pools, unavailable

_wait = _sandcell.wait

# A turn between cells is at most so many rounds, and so long (in seconds).
TURN_ROUNDS = 64
TURN_TIME = 0.05
# How long a cell's task may go on after it was cancelled by an interrupt.
CANCEL_TIME = 0.2

DEADLOCK = (
    "this would wait forever: no timer is set and no host function is under way, so nothing can ever end the wait"
)


async def _run_code(code):
    return _sandcell.run_code(code)


class Waiter:
    """Stands where other loops have their selector: waits for the end of host calls, for pipes and children."""

    def __init__(self, calls, watch):
        self._calls = calls
        self._watch = watch

    def select(self, timeout=None):
        if self._watch:
            while completion := _wait(0) if self._calls.under_way else None:
                self._calls.complete(completion)
                timeout = 0
            self._watch.look(timeout, self._calls.under_way)
            return ()
        if timeout is None:
            nanoseconds = -1
        elif timeout > 0:
            nanoseconds = math.ceil(timeout * 1e9)
        elif self._calls.under_way:
            nanoseconds = 0
        else:
            return ()
        completion = _wait(nanoseconds)
        if completion is False:
            raise RuntimeError(DEADLOCK)
        while completion:
            self._calls.complete(completion)
            completion = _wait(0) if self._calls.under_way else None
        return ()

    def close(self):
        """Nothing is open."""


def raised_in_wait(error):
    """Was the exception raised where the loop waits, rather than in a task?"""
    entry = error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code is Waiter.select.__code__:
            return True
        entry = entry.tb_next
    return False


class SandboxEventLoop(pipes.Pipes, base_events.BaseEventLoop):
    """An event loop with timers, tasks, host functions, pipes and subprocesses; without threads, sockets and signals."""

    calls = None  # set at boot, the same for all loops

    def __init__(self):
        super().__init__()
        self.watch = pipes.Watch()
        self._selector = Waiter(self.calls, self.watch)
        self._under_way = self.calls.under_way

    def _process_events(self, event_list):
        """There are none: completions are dealt with as they are taken."""

    def _write_to_self(self):
        """There is no other thread that could have to wake this one."""

    def run_in_executor(self, executor, func, *args):
        """Run the function when the loop comes to it. Nothing else runs meanwhile: there are no threads."""
        self._check_closed()
        if executor is not None:
            return futures.wrap_future(executor.submit(func, *args), loop=self)
        self._check_default_executor()
        future = self.create_future()
        self.call_soon(self._run_function, future, func, args)
        return future

    @staticmethod
    def _run_function(future, func, args):
        if not future.cancelled():
            pools.run(future, func, args, {})

    async def shutdown_default_executor(self, timeout=None):
        self._executor_shutdown_called = True
        if self._default_executor is not None:
            self._default_executor.shutdown()

    def add_signal_handler(self, sig, callback, *args):
        raise NotImplementedError("signal handlers of an event loop are not available in this sandbox")

    def remove_signal_handler(self, sig):
        return False


def _add_unavailable(names, words):
    def make(name):
        def method(self, *args, **kwargs):
            raise OSError(words)

        async def coroutine(self, *args, **kwargs):
            raise OSError(words)

        function = method if name.startswith(("add_", "remove_")) else coroutine
        function.__name__ = name
        function.__qualname__ = f"SandboxEventLoop.{name}"
        return function

    for name in names.split():
        setattr(SandboxEventLoop, name, make(name))


_add_unavailable(
    "sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into "
    "sock_sendall sock_sendto sock_connect sock_accept sock_sendfile getaddrinfo getnameinfo create_connection "
    "create_server create_datagram_endpoint create_unix_connection create_unix_server connect_accepted_socket "
    "start_tls sendfile",
    unavailable.SOCKETS,
)


class KernelEventLoop(SandboxEventLoop):
    """The loop that lives across cells."""

    def close(self):
        """Without effect: the next cell needs this loop."""


class SandboxEventLoopPolicy(events.BaseDefaultEventLoopPolicy):
    """New loops are loops of the sandbox."""

    _loop_factory = SandboxEventLoop


class LoopKeeper:
    """Owns the kernel's loop and runs it for cells."""

    def __init__(self, calls, report):
        SandboxEventLoop.calls = calls
        self._report = report
        self.loop = KernelEventLoop()
        self._real_set = events._set_running_loop
        self._real_get = events._get_running_loop

    def install(self):
        """Make asyncio use this loop and its class."""
        policy = SandboxEventLoopPolicy()
        policy.set_event_loop(self.loop)
        asyncio.set_event_loop_policy(policy)
        for module in (asyncio, sys.modules.get("asyncio.unix_events")):
            for name in ("SelectorEventLoop", "EventLoop", "DefaultEventLoopPolicy"):
                if hasattr(module, name):
                    setattr(module, name, SandboxEventLoopPolicy if name.endswith("Policy") else SandboxEventLoop)
        for module in (events, asyncio):
            module._set_running_loop = self.set_running_loop
            module._get_running_loop = self.get_running_loop
        self._real_set(self.loop)

    def set_running_loop(self, loop):
        self._real_set(self.loop if loop is None and not pools.depth else loop)

    def get_running_loop(self):
        """The loop that really runs, or None: so asyncio.run works in a plain cell."""
        loop = self._real_get()
        return loop if loop is None or loop.is_running() else None

    def await_value(self, coroutine):
        """Run the coroutine of a cell to its end, or plain code as one. Background tasks run meanwhile, and live on
        afterwards."""
        loop = self.loop
        if isinstance(coroutine, CodeType):
            coroutine = _run_code(coroutine)
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        except BaseException as error:
            if not task.done():
                self._cancel(task)
                if raised_in_wait(error):
                    self._show_await(task, error)
            elif not task.cancelled():
                task.exception()  # it is reported as the cell's: the loop need not complain
            raise

    @staticmethod
    def _show_await(task, error):
        """Let the traceback of what ended the wait show the ``await`` of the cell, not the inside of the loop."""
        try:
            if task.done():
                task.result()
        except asyncio.CancelledError as cancelled:
            error.__traceback__ = cancelled.__traceback__
            error.__context__ = None
        except BaseException:
            return

    def _cancel(self, task):
        """Cancel a task and let it clean up, for a short while."""
        loop = self.loop
        if loop.is_running():
            return
        task.cancel()
        task.add_done_callback(self._stop)
        timer = loop.call_later(CANCEL_TIME, loop.stop)
        try:
            loop.run_forever()
        finally:
            timer.cancel()
            task.remove_done_callback(self._stop)
        if task.done() and not task.cancelled():
            task.exception()

    def _stop(self, _task):
        self.loop.stop()

    def turn(self):
        """Let background tasks run what is due, without waiting for anything.

        What goes wrong there is told on stderr: it is not the fault of the cell that runs now.
        """
        if self.loop.is_running():
            return
        try:
            self._turn(self.loop)
        except SystemExit as stop:
            self._report(stop)  # a task called sys.exit: only that task ends
        except Exception as error:
            # the loop itself failed, since a cell broke what it stands on: keep it from failing in every cell
            self.loop._ready.clear()
            self._report(error)

    def _turn(self, loop):
        end = time.monotonic() + TURN_TIME
        for _ in range(TURN_ROUNDS):
            scheduled = loop._scheduled
            due = scheduled and scheduled[0]._when <= loop.time()
            if not (loop._ready or due or self._has_completion()):
                break
            loop.stop()
            loop.run_forever()
            if time.monotonic() > end:
                break

    def _has_completion(self):
        """Take the completions that have come meanwhile."""
        calls = self.loop.calls
        taken = False
        while calls.under_way:
            completion = _wait(0)
            if not completion:
                break
            calls.complete(completion)
            taken = True
        return taken

"""Pools of threads. There are no threads: a pool runs what it is given at once, one after the other.

Most programs that hand work to a pool only want it done. What waits for work that was handed over later never
ends by itself.
"""

import _asyncio
from concurrent.futures import _base, thread

# How many functions of pools run, each within the one before.
depth = 0


def submit(self, fn, /, *args, **kwargs):
    """Run the function, and return a future that has its result or exception."""
    if self._broken:
        raise thread.BrokenThreadPool(self._broken)
    if self._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future = _base.Future()
    if not _initialize(self):
        future.set_exception(thread.BrokenThreadPool(self._broken))
        return future
    future.set_running_or_notify_cancel()
    run(future, fn, args, kwargs)
    return future


def _initialize(pool):
    """Run the initializer of a pool before its first function, as its first thread would."""
    initializer, pool._initializer = pool._initializer, None
    if initializer is None:
        return True
    try:
        initializer(*pool._initargs)
    except Exception:
        _base.LOGGER.critical("Exception in initializer:", exc_info=True)
        pool._initializer_failed()
        return False
    return True


def run(future, function, args, kwargs):
    """Fill a future of either kind. As in a thread of its own, no event loop runs where the function is. An
    interrupt is for the cell, and passes."""
    global depth
    loop = _asyncio._get_running_loop()
    _asyncio._set_running_loop(None)
    depth += 1
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        if not (interrupted and future.cancel()):
            future.set_exception(error)
        future = None  # which refers to the exception, whose traceback refers to this frame
        if interrupted:
            raise
    else:
        future.set_result(result)
    finally:
        depth -= 1
        _asyncio._set_running_loop(loop)


def install():
    """Have pools work without threads."""
    submit.__qualname__ = "ThreadPoolExecutor.submit"
    thread.ThreadPoolExecutor.submit = submit

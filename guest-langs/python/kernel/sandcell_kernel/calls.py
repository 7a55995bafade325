"""Host functions: callables of the guest that are answered by the embedder of the sandbox."""

import asyncio
import inspect
from asyncio import events

import _sandcell

from . import wire

_start = _sandcell.call
_wait = _sandcell.wait

_REFUSALS = {
    -1: ("UnknownFunction", "the host has no function {name}"),
    -2: ("ArgumentsTooLarge", "the arguments of {name} are too large"),
    -3: ("TooManyCalls", "too many calls of host functions are under way"),
    -4: ("Malformed", "the host did not understand the call of {name}"),
    -5: ("CallLimitExceeded", "the limit of host calls of this execution is spent"),
}


# Functions of the host by name, those that the kernel alone calls included.
functions = {}

# Functions of such names are the kernel's own, no variables of the user.
KERNEL_PREFIX = "_sandcell_"


class HostFunctionError(Exception):
    """A host function failed: ``name`` is the kind of the error, ``message`` its words, ``function`` who failed."""

    __module__ = "sandcell"

    def __init__(self, name, message, function=None):
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.function = function

    def __str__(self):
        return f"{self.name}: {self.message}" if self.name else str(self.message)


class HostCall(asyncio.Future):
    """A call of a host function that is under way: ``await`` it."""

    __module__ = "sandcell"
    function = None

    def __repr__(self):
        state = "cancelled" if self.cancelled() else "done" if self.done() else "under way"
        return f"<call of host function {self.function}, {state}: `await` it to get its value>"

    def __getitem__(self, _key):
        raise TypeError(
            f"the value of host function {self.function} is not here yet: write `await {self.function}(...)`"
        )


class Blocking:
    """A call that someone waits for without an event loop."""

    def __init__(self):
        self.message = None


class Calls:
    """All calls under way, by their id."""

    def __init__(self):
        self.under_way = {}

    def start(self, name, args, kwargs):
        """Start a call; its id."""
        try:
            payload = wire.dumps({"name": name, "args": args, "kwargs": kwargs})
        except (TypeError, ValueError) as error:
            raise TypeError(f"host function {name} takes values that JSON can hold: {error}") from None
        id = _start(payload)
        if id > 0:
            return id
        kind, words = _REFUSALS.get(id, ("Refused", "the host refused the call of {name}"))
        raise HostFunctionError(kind, words.format(name=name), name)

    def complete(self, completion):
        """Take in a completion (bytes) that the host sent."""
        message = wire.loads(completion)
        waiting = self.under_way.pop(message["id"], None)
        if waiting is None:
            return  # nobody waits for it any more
        if isinstance(waiting, Blocking):
            waiting.message = message
        elif not waiting.done() and not waiting.get_loop().is_closed():
            if message["ok"]:
                waiting.set_result(message.get("value"))
            else:
                waiting.set_exception(_error(message, waiting.function))

    def lose(self):
        """Fail all calls under way: their answers go to the sandbox that this one was copied from."""
        for waiting in self.under_way.values():
            if isinstance(waiting, HostCall) and not waiting.done() and not waiting.get_loop().is_closed():
                words = "the call was under way when this sandbox was copied or restored"
                waiting.set_exception(HostFunctionError("Lost", words, waiting.function))
        self.under_way.clear()

    def call_async(self, loop, name, args, kwargs):
        """Start a call; the future of its value."""
        id = self.start(name, args, kwargs)
        future = HostCall(loop=loop)
        future.function = name
        self.under_way[id] = future
        return future

    def call_blocking(self, name, args, kwargs):
        """Call and wait."""
        id = self.start(name, args, kwargs)
        waiting = self.under_way[id] = Blocking()
        try:
            while waiting.message is None:
                completion = _wait(-1)
                if completion is False:
                    raise HostFunctionError("Lost", f"the host lost the call of {name}", name)
                if completion:
                    self.complete(completion)
        finally:
            self.under_way.pop(id, None)
        if waiting.message["ok"]:
            return waiting.message.get("value")
        raise _error(waiting.message, name)


def _error(message, function):
    error = message.get("error") or {}
    return HostFunctionError(error.get("name") or "", error.get("message") or "", function)


class HostFunction:
    """A function of the host.

    Called in plain code it waits and returns its value; called while an event loop runs (in a cell with a
    top-level ``await``, in a coroutine) it returns at once what can be awaited. ``.blocking(...)`` always waits.
    """

    __module__ = "sandcell"

    def __init__(self, calls, name, doc=None, schema=None):
        self._calls = calls
        self.__name__ = self.__qualname__ = name
        self.__doc__ = doc or f"The host function {name}."
        self.schema = schema
        signature = make_signature(schema)
        if signature is not None:
            self.__signature__ = signature

    def __call__(self, *args, **kwargs):
        loop = events._get_running_loop()
        if loop is None:
            return self._calls.call_blocking(self.__name__, args, kwargs)
        return self._calls.call_async(loop, self.__name__, args, kwargs)

    def blocking(self, *args, **kwargs):
        """Call and wait for the value, even while an event loop runs (which then stands still)."""
        return self._calls.call_blocking(self.__name__, args, kwargs)

    def __repr__(self):
        return f"<host function {self.__name__}{getattr(self, '__signature__', '(...)')}>"

    def __reduce__(self):
        return self.__name__


def make_signature(schema):
    """The signature that a JSON schema of an object tells, or None."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not all(
        isinstance(name, str) and name.isidentifier() for name in properties
    ):
        return None
    # those that must be there come first, in the order in which the schema requires them: that of its properties is
    # lost on the way
    required = [name for name in dict.fromkeys(_list(schema.get("required"))) if name in properties]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in required]
    for name, about in properties.items():
        if name not in required:
            default = about.get("default") if isinstance(about, dict) else None
            parameters.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default))
    try:
        return inspect.Signature(parameters)
    except ValueError:
        return None


def _list(value):
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

"""What a new or copied instance must renew: random states, host functions, environment, folder."""

import os
import posix
import random
import sys

from . import calls, options, wire


class Renewal:
    """Applies the host's orders. ``shell`` and ``module`` (``sandcell``) are where host functions appear."""

    def __init__(self, shell, module, all_calls):
        self._shell = shell
        self._module = module
        self._calls = all_calls
        self._functions = {}

    def renew(self, data):
        """Renew; ``data`` is a JSON object or empty."""
        order = wire.loads(data) if data else {}
        if not isinstance(order, dict):
            raise ValueError("the renewal is no JSON object")
        if not order.get("resumed"):
            seed_all(bytes.fromhex(order["entropy"]) if order.get("entropy") else os.urandom(32))
        self._calls.lose()
        if order.get("functions") is not None:
            self._set_functions(order["functions"])
        for name, value in options.check_environment(order.get("environment") or {}).items():
            options.set_variable(name, value)
        if order.get("cwd") is not None:
            posix.chdir(order["cwd"])

    def _set_functions(self, descriptions):
        """Make these, and only these, the host functions; a variable of the user's is never overwritten."""
        namespace = self._shell.user_ns
        for name, function in self._functions.items():
            if namespace.get(name) is function:
                del namespace[name]
            vars(self._module).pop(name, None)
        self._functions = {}
        for about in descriptions:
            name = about["name"]
            function = calls.HostFunction(self._calls, name, about.get("doc"), about.get("schema"))
            self._functions[name] = function
            if name.isidentifier() and not name.startswith(calls.KERNEL_PREFIX):
                if name not in PUBLIC_NAMES:
                    setattr(self._module, name, function)
                namespace.setdefault(name, function)
        self._shell.host_names.clear()
        self._shell.host_names.update(self._functions)
        calls.functions = self._functions


# Names of the module `sandcell` that a host function cannot take.
PUBLIC_NAMES = frozenset({"HostFunctionError", "OutputLimitExceeded", "CommandNotAvailable", "PackageNotAvailable"})


def seed_all(entropy):
    """Seed every random generator that other code shares."""
    random.seed(entropy)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(entropy)  # the image's numpy takes bytes, see patches.md
    temporary = sys.modules.get("tempfile")
    if temporary is not None:
        temporary._name_sequence = None  # holds a generator of its own
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        uuid._node = None
        uuid._last_timestamp = None

"""The Python half of the Sandcell kernel, running inside the guest.

The modules of this package have builtins of their own: a copy taken at boot. A cell may set
``builtins.len = None`` and only harm itself. After boot the package is also gone from ``sys.modules``; the C
half holds what it needs.
"""

import builtins
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

PRIVATE_BUILTINS = dict(vars(builtins))


class PrivateLoader(SourceFileLoader):
    """Loads a module of this package with the private builtins."""

    def exec_module(self, module):
        module.__dict__["__builtins__"] = PRIVATE_BUILTINS
        super().exec_module(module)


class PrivateFinder:
    """Finds the modules of this package while the kernel boots."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        prefix = __name__ + "."
        if not name.startswith(prefix):
            return None
        base = __path__[0] + "/" + name[len(prefix) :].replace(".", "/")
        for file_name, is_package in ((base + ".py", False), (base + "/__init__.py", True)):
            try:
                with open(file_name, "rb"):
                    pass
            except OSError:
                continue
            spec = ModuleSpec(name, PrivateLoader(name, file_name), origin=file_name, is_package=is_package)
            spec.has_location = True
            if is_package:
                spec.submodule_search_locations.append(base)
            return spec
        return None


def boot():
    """Start the kernel; called once by the C half, before the image is frozen."""
    sys.meta_path.insert(0, PrivateFinder)
    try:
        from sandcell_kernel import start

        start.start()
    finally:
        sys.meta_path.remove(PrivateFinder)

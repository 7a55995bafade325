"""stdlib.py FROM TO: copy the part of the standard library that can work in the guest."""

import os
import sys

# Packages and modules that need a program, a C library or a screen that no guest has.
# Whatever still imports them gets the ModuleNotFoundError that it is prepared for.
LEFT_OUT = {
    "__phello__",  # a test of frozen modules
    "_aix_support.py",
    "_android_support.py",
    "_apple_support.py",
    "_ios_support.py",
    "_osx_support.py",
    "ctypes",  # libffi and shared libraries
    "curses",
    "dbm/gnu.py",
    "dbm/ndbm.py",
    "ensurepip",
    "idlelib",
    "pty.py",
    "site-packages",
    "ssl.py",  # OpenSSL
    "test",
    "tkinter",
    "tty.py",
    "turtle.py",
    "turtledemo",
    "venv",
}

# The interactive prompt needs a terminal; pydoc needs its pager.
ONLY = {"_pyrepl": {"__init__.py", "pager.py", "types.py"}}

# Data files that the library reads.
DATA = {"pydoc_data/_pydoc.css"}


def main(source, target):
    for folder, subfolders, files in os.walk(source):
        inside = os.path.relpath(folder, source)
        here = "" if inside == "." else inside + "/"
        subfolders[:] = [
            name for name in sorted(subfolders) if name != "__pycache__" and here + name not in LEFT_OUT
        ]
        for name in sorted(files):
            path = here + name
            if path in LEFT_OUT or not (name.endswith(".py") or path in DATA):
                continue
            if name not in ONLY.get(inside, {name}):
                continue
            destination = os.path.join(target, path)
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            with open(os.path.join(folder, name), "rb") as reader, open(destination, "wb") as writer:
                writer.write(reader.read())


main(*sys.argv[1:])

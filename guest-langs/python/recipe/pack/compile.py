"""compile.py FOLDER PREFIX PART/PARTS: compile every .py file under FOLDER, or each PARTS-th
of them beginning with PART, into its __pycache__.

A compiled file names its source as PREFIX, where the guest sees it, and is marked as
never to be compared with it: the library in a guest is read-only and belongs together.
Runs on the build Python, which has no extension modules. A file that names characters or
has other identifiers than ASCII ones wants unicodedata: that is compiled in the guest."""

import importlib.util
import marshal
import os
import sys

UNCHECKED_HASH = (1).to_bytes(4, "little")


def sources(top):
    for folder, subfolders, files in os.walk(top):
        subfolders[:] = sorted(name for name in subfolders if name != "__pycache__")
        yield from (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py"))


def compiled(path, guest_path):
    with open(path, "rb") as file:
        text = file.read()
    code = compile(text, guest_path, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + importlib.util.source_hash(text)
    return header + marshal.dumps(code)


def main(top, prefix, share):
    part, parts = map(int, share.split("/"))
    for path in list(sources(top))[part::parts]:
        folder, name = os.path.split(path)
        try:
            data = compiled(path, prefix + path[len(top) :])
        except (ModuleNotFoundError, SyntaxError) as error:
            if "unicodedata" not in str(error):
                raise
            continue
        cache = os.path.join(folder, "__pycache__")
        os.makedirs(cache, exist_ok=True)
        with open(os.path.join(cache, name[:-3] + ".cpython-313.pyc"), "wb") as file:
            file.write(data)


main(*sys.argv[1:])

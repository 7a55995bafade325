"""tree.py FROM TO: copy what of a package is read at run time: no tests, no sources, no stubs for type checkers."""

import os
import shutil
import sys

LEFT_OUT = {"tests", "__pycache__", "sphinxext"}
ENDINGS = (".pyx", ".pxd", ".pxi", ".pxi.in", ".pyi", ".c", ".cpp", ".h", ".build", ".so", ".in", ".a", ".lib", ".md")


def main(source, target):
    for folder, subfolders, files in os.walk(source):
        subfolders[:] = sorted(name for name in subfolders if name not in LEFT_OUT)
        inside = os.path.relpath(folder, source)
        for name in sorted(files):
            if name.endswith(ENDINGS) or name.startswith("conftest"):
                continue
            destination = os.path.normpath(os.path.join(target, inside, name))
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            shutil.copyfile(os.path.join(folder, name), destination)


main(*sys.argv[1:])

#!/bin/sh
# The kernel's Python package, compiled.
#   in:  native
#   out: out/lib/sandcell/sandcell_kernel
set -eu
mkdir -p out/lib/sandcell
cp -R kernel/sandcell_kernel out/lib/sandcell/sandcell_kernel
native/bin/python3.13 -I recipe/pack/compile.py out/lib /usr/lib 0/1

#!/bin/sh
# CPython's own tests, for who wants to run them in the guest. Made on request only.
#   in:  sources
#   out: out/lib/python3.13/test
set -eu
mkdir -p out/lib/python3.13
cp -R sources/python/Lib/test out/lib/python3.13/test

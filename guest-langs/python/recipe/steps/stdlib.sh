#!/bin/sh
# The standard library as the guest sees it, compiled, and the licences of all parts.
#   in:  compiler sources native interpreter (of make)
#   out: out/lib/python3.13 out/licences
set -eu

mkdir -p out/lib
native/bin/python3.13 -I recipe/pack/stdlib.py sources/python/Lib out/lib/python3.13
cp interpreter/sysconfig/*.py out/lib/python3.13
mkdir out/lib/python3.13/site-packages
cp -R sources/packages/. out/lib/python3.13/site-packages
rm -rf out/lib/python3.13/site-packages/bin

# Two halves at once, always the same two: what a compiled file looks like depends
# a little on what was compiled before it in the same process.
native/bin/python3.13 -I recipe/pack/compile.py out/lib /usr/lib 0/2 &
half=$!
native/bin/python3.13 -I recipe/pack/compile.py out/lib /usr/lib 1/2
wait "$half"

. recipe/steps/licences.sh
licences out/licences

#!/bin/sh
# The compiler: the ziglang wheel, unpacked.
#   out: out/zig out/lib ...   (run it by its path or through PATH)
set -eu
. recipe/steps/pip.sh

pip_install recipe/requirements-compiler.txt wheel
mv wheel/ziglang out
mv wheel/ziglang-*.dist-info/METADATA out/METADATA
chmod +x out/zig

# Half of the wheel is headers of systems that nothing is built for here.
cd out/lib/libc
rm -rf include/*-windows-* include/*netbsd* include/*freebsd* include/*openbsd* mingw freebsd netbsd openbsd
cd ../../..
out/zig version

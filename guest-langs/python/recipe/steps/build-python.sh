#!/bin/sh
# A Python of the guest's own version that runs here: it freezes modules and compiles the library.
#   in:  compiler sources
#   out: out/bin/python3.13 out/lib/python3.13
set -eu
version=$(sed -n 's/^version //p' recipe/interpreter.txt)
mkdir -p out/bin out/lib

# The machine's own will do when it is of the very same version.
same="import sys; sys.exit(sys.version_info[:3] != tuple(map(int, '$version'.split('.'))))"
if python3.13 -I -c "$same" 2>/dev/null; then
    ln -s "$(python3.13 -I -c 'import sys; print(sys.executable)')" out/bin/python3.13
    echo "using the machine's own Python $version"
    exit 0
fi

# Unoptimised: it compiles four times as fast and is used for seconds.
if command -v cc >/dev/null; then
    CC=cc FLAGS="-O0 -w"
elif command -v gcc >/dev/null; then
    CC=gcc FLAGS="-O0 -w"
else
    # Without -O zig adds checks that need a runtime library.
    CC="zig cc" FLAGS="-O1 -w -fno-sanitize=undefined -Wno-date-time"
fi
mkdir build
cd build
CC=$CC OPT="-DNDEBUG $FLAGS" ../sources/python/configure -q --without-ensurepip --disable-test-modules
make -s -j"$JOBS" python
cd ..

# As an installed one: it finds its library by its own place. lib-dynload has to be there.
cp build/python out/bin/python3.13
strip out/bin/python3.13 2>/dev/null || true
cp -R sources/python/Lib out/lib/python3.13
cd out/lib/python3.13
rm -rf test idlelib tkinter turtledemo ensurepip site-packages
mkdir lib-dynload
cd ../../..
out/bin/python3.13 -I -c "$same"

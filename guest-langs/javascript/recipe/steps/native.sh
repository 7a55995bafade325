#!/bin/sh
# The engine as its authors have it, for this machine: what the guest's speed is measured against. No guest needs it.
#   in:  compiler sources
#   out: out/run-script
set -eu

SOURCE=sources/quickjs
mkdir -p out
cp "$SOURCE"/*.h "$SOURCE"/builtin-*.js .
cp "$SOURCE"/libregexp.c "$SOURCE"/libunicode.c "$SOURCE"/dtoa.c recipe/c/native.c .
cp "$SOURCE"/upstream.c quickjs.c
printf '%s\n' quickjs libregexp libunicode dtoa native | xargs -P "$JOBS" -I '{}' sh -c \
    'zig cc -O2 -g0 -w -fomit-frame-pointer -fno-sanitize=undefined -D_GNU_SOURCE -DNDEBUG -funsigned-char \
        -fno-strict-aliasing -fwrapv -I. -c {}.c -o {}.o'
zig cc -O2 ./*.o -lm -lpthread -o out/run-script

#!/bin/sh
# The engine and the allocator, compiled for the guest.
#   in:  compiler sources
#   out: out/*.o out/include
set -eu
. recipe/steps/flags.sh

SOURCE=sources/quickjs
mkdir -p out/include
cp "$SOURCE/quickjs.h" out/include

# zig makes its libc for reactors at the first link and keeps it: beside the rest.
echo 'int nothing(void) { return 0; }' >empty.c
$GUEST_CC $OPTIMISE -mexec-model=reactor $STRIP empty.c -o empty.wasm &
libc=$!

# -O2: -O3 makes the interpreter larger and no faster.
printf '%s\n' quickjs libregexp libunicode dtoa | xargs -P "$JOBS" -I '{}' sh -c \
    "$GUEST_CC -O2 -g0 -w -D_GNU_SOURCE -DNDEBUG -funsigned-char -fno-strict-aliasing -fwrapv \
        $EMULATED -I$SOURCE -c $SOURCE/{}.c -o out/{}.o"
# As objects, not an archive: these must win over zig's weak ones in every case. The kernel looks at the
# allocator's blocks (holes.c).
for file in malloc duplicate; do
    $GUEST_CC $OPTIMISE -w -fno-builtin -DMALLOC_INSPECT_ALL=1 -Isources/malloc -c "recipe/c/$file.c" -o "out/$file.o"
done
wait "$libc"

#!/bin/sh
# The guest: the kernel's C files, compiled, with everything linked to it.
#   in:  compiler libraries interpreter (of make)
#   out: out/guest.wasm
set -eu
. recipe/steps/flags.sh

HEADERS=interpreter/include/python3.13
mkdir -p objects out
printf '%s\n' kernel/*.c | xargs -P "$JOBS" -I '{}' sh -c \
    "$GUEST_CC $OPTIMISE -fwrapv -Wall -Wextra -Wno-unused-parameter $EMULATED \
        -Ikernel -I$HEADERS -I$HEADERS/internal \
        -c {} -o objects/\$(basename {} .c).o"

# A reactor: no main, `_initialize` starts the C world. 8 MiB of stack, below the
# data, so that its overflow traps and overwrites nothing.
$GUEST_CC $OPTIMISE -mexec-model=reactor objects/*.o \
    libraries/lib/malloc.o libraries/lib/duplicate.o libraries/lib/string.o libraries/lib/logarithm.o \
    interpreter/lib/thread.o interpreter/lib/libpython3.13.a interpreter/lib/libmpdec.a \
    interpreter/lib/libHacl_Hash_SHA2.a interpreter/lib/libexpat.a \
    -Llibraries/lib -lz -lbz2 -llzma -lsqlite3 \
    -Wl,-z,stack-size=8388608 $STRIP -Wl,--export=sandcell_stop -o out/guest.wasm

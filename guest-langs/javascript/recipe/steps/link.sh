#!/bin/sh
# The guest: the kernel's C files, compiled, with the engine.
#   in:  compiler engine
#   out: out/guest.wasm
set -eu
. recipe/steps/flags.sh

mkdir -p objects out
printf '%s\n' kernel/*.c | xargs -P "$JOBS" -I '{}' sh -c \
    "$GUEST_CC -O2 -g0 -fwrapv -Wall -Wextra -Wno-unused-parameter $EMULATED \
        -Ikernel -Iengine/include -c {} -o objects/\$(basename {} .c).o"

# A reactor: no main, \`_initialize\` starts the C world. 6 MiB of stack, below the
# data, so that its overflow traps and overwrites nothing.
$GUEST_CC -O2 -mexec-model=reactor objects/*.o engine/*.o \
    -Wl,-z,stack-size=6291456 $STRIP -Wl,--export=sandcell_stop -o out/guest.wasm

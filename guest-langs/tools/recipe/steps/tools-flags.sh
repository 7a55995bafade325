# What the steps that compile tools share; sourced, not run, behind flags.sh.

# Bytes count as unsigned in toybox's tables. The headers and the Unix below are in the folder kernel.
UNIX="-O2 -g0 -w -funsigned-char -fno-strict-aliasing $EMULATED -Ikernel/headers -include kernel/unix.h"

# compile FOLDER FLAGS: the C files named on standard input, in parallel, each to an object in
# FOLDER whose name is that of its path.
compile() {
    mkdir -p "$1"
    xargs -P "$JOBS" -I '{}' sh -c "$GUEST_CC $2 -c {} -o $1/\$(echo {} | tr / _).o"
}

# link PROGRAM OBJECT...: a command module. 1 MiB of stack, below the data, so that its overflow
# traps and overwrites nothing.
link() {
    program=$1
    shift
    mkdir -p out/programs
    $GUEST_CC -O2 "$@" -Wl,-z,stack-size=1048576 $STRIP -Wl,--export=sandcell_stop -o "out/programs/$program.wasm"
}

#!/bin/sh
# The data guest: interpreter and kernel as in steps/link.sh, and the extension modules of
# all packages, which the interpreter finds among its built-in ones.
#   in:  compiler libraries interpreter cxx (of cxx-runtime) numpy pandas plotting
#   out: out/guest.wasm
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh

HEADERS=interpreter/include/python3.13
mkdir -p objects out
python3 recipe/data/pack/inittab.py numpy/modules pandas/modules plotting/modules >kernel/inittab.c
printf '%s\n' kernel/*.c | xargs -P "$JOBS" -I '{}' sh -c \
    "$DATA_CC $OPTIMISE -Wall -Wextra -Wno-unused-parameter -Ikernel -I$HEADERS -I$HEADERS/internal \
        -c {} -o objects/\$(basename {} .c).o"
for source in blas sort; do
    $DATA_CC $OPTIMISE -Wall -Wextra -c "recipe/data/c/$source.c" -o "objects/$source.o"
done

# fenv.o first: as soon as something asks for a function of its, zig's libc would give it.
# zig cc, not zig c++: that would link its own libc++, which knows no exceptions.
$DATA_CC $OPTIMISE -mexec-model=reactor cxx/lib/fenv.o objects/*.o \
    libraries/lib/malloc.o libraries/lib/duplicate.o libraries/lib/string.o libraries/lib/logarithm.o \
    cxx/lib/tags.o interpreter/lib/thread.o \
    numpy/objects/*.o pandas/objects/*.o plotting/objects/*.o \
    interpreter/lib/libpython3.13.a interpreter/lib/libmpdec.a \
    interpreter/lib/libHacl_Hash_SHA2.a interpreter/lib/libexpat.a cxx/lib/libcxx.a \
    -Llibraries/lib -lz -lbz2 -llzma -lsqlite3 \
    -Wl,-z,stack-size=8388608 -Wl,--fatal-warnings $STRIP -Wl,--export=sandcell_stop -o out/guest.wasm

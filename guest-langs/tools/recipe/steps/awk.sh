#!/bin/sh
# mawk, as the program awk.
#   in:  compiler sources libraries
#   out: out/programs/awk.wasm
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

cp -R sources/mawk mawk
cp kernel/config/mawk.h mawk/config.h
cp -R kernel mawk/kernel
cd mawk
# Two of its own programs, run here, write tables.
zig cc -O1 -w -I. makescan.c -o makescan
./makescan >scancode.c
zig cc -O1 -w -I. makebits.c -o makebits
./makebits >makebits.h
for file in array bi_funct bi_vars cast code da error execute fcall field files fin hash init jmp kw main \
    matherr memory parse print re_cmpl regexp scan scancode split version zmalloc; do
    echo "$file.c"
done | compile ../objects "$UNIX -DHAVE_CONFIG_H -I."
cd ..
link awk objects/*.o libraries/unix/*.o

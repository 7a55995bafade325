#!/bin/sh
# toybox's commands, as objects.
#   in:  compiler sources
#   out: out
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

cp -R sources/toybox toybox
# toybox's own small program, run here: it makes constants of the options of each command.
zig cc -O1 -w toybox/scripts/mkflags.c -o mkflags
python3 recipe/pack/toybox.py toybox recipe/toybox.txt ./mkflags >files
for file in args commas deflate dirtree env lib llist portability tty utf8 xwrap; do
    echo "lib/$file.c"
done >>files
echo main.c >>files

# From inside its folder, so that no name of an object has another folder in it.
cp -R kernel toybox/kernel
mkdir out
cd toybox
compile ../out "$UNIX -include kernel/attach.h -I. -Dmain=toybox_program" <../files

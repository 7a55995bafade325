#!/bin/sh
# Our own programs, and toybox's with them in one module.
#   in:  compiler libraries toybox
#   out: out/programs/tools.wasm
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

ls kernel/main.c kernel/programs/*.c |
    compile objects "-Wall -Wextra -Wno-unused-parameter -Werror $(echo "$UNIX" | sed 's/ -w / /') -Ikernel -Ilibraries/include"
link tools objects/*.o toybox/*.o libraries/unix/*.o libraries/z/*.o libraries/bz2/*.o libraries/lzma/*.o \
    libraries/pcre2/*.o

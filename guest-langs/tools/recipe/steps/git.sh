#!/bin/sh
# git's command line over libgit2, as the program git.
#   in:  compiler libraries library
#   out: out/programs/git.wasm
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

ls kernel/git/*.c |
    compile objects "-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror \
        $(echo "$UNIX" | sed 's/ -w / /') -Ilibrary/include"
link git objects/*.o library/git/*.o libraries/unix/*.o libraries/z/*.o libraries/pcre2/*.o

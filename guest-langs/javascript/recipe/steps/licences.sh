#!/bin/sh
# The licence texts of all that is linked into the guest.
#   in:  compiler sources
#   out: out/licences
set -eu
mkdir -p out/licences
cp sources/quickjs/LICENSE out/licences/quickjs-ng.txt
sed -n '/\/\*/,/\*\//p; /\*\//q' sources/malloc/dlmalloc.c >out/licences/dlmalloc.txt
cp compiler/LICENSE out/licences/zig.txt
cp compiler/lib/libc/musl/COPYRIGHT out/licences/musl.txt
cat compiler/lib/libc/wasi/LICENSE compiler/lib/libc/wasi/LICENSE-MIT \
    compiler/lib/libc/wasi/LICENSE-APACHE-LLVM \
    compiler/lib/libc/wasi/libc-bottom-half/cloudlibc/LICENSE >out/licences/wasi-libc.txt
find out/licences -type f -size -60c | grep . && {
    echo "a licence text is missing or too short" >&2
    exit 1
}
exit 0

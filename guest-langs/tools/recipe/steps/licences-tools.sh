#!/bin/sh
# The licence texts of all that is linked into the tools.
#   in:  compiler sources
#   out: out/licences
set -eu
mkdir -p out/licences
crates=sources/crates
cp sources/toybox/LICENSE out/licences/toybox.txt
cp sources/mawk/COPYING out/licences/mawk.txt
cp sources/jq/COPYING out/licences/jq.txt
cp sources/libonig/COPYING out/licences/oniguruma.txt
cp "$crates/libgit2-sys/libgit2/COPYING" out/licences/libgit2.txt
cp "$crates/libz-sys/src/zlib/LICENSE" out/licences/zlib.txt
cp "$crates"/bzip2-sys/bzip2-*/LICENSE out/licences/bzip2.txt
cp "$crates/liblzma-sys/xz/COPYING.0BSD" out/licences/liblzma.txt
sed -n -e "/Copyright (c)/p" -e "/^Redistribution/,/^---/p" "$crates/pcre2-sys/upstream/src/pcre2_match.c" >out/licences/pcre2.txt
sed -n '/\/\*/,/\*\//p; /\*\//q' "$crates/libffi-sys/libffi/src/dlmalloc.c" >out/licences/dlmalloc.txt
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

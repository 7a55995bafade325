#!/bin/sh
# zlib, bzip2, liblzma, PCRE2, Doug Lea's malloc and the Unix below the tools, as objects.
#   in:  compiler sources
#   out: out/unix out/z out/bz2 out/lzma out/pcre2 out/include
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

CRATES=sources/crates
mkdir -p out/include

# zig makes its libc at the first link and keeps it: let that go on beside the rest.
echo 'int main(void) { return 0; }' >empty.c
$GUEST_CC -O2 $STRIP empty.c -o empty.wasm &
libc=$!

printf '%s\n' kernel/unix/*.c kernel/start.c kernel/stop.c | compile out/unix "$UNIX"
for file in malloc duplicate; do
    $GUEST_CC $OPTIMISE -w -fno-builtin "-I$CRATES/libffi-sys/libffi/src" -c "recipe/c/$file.c" -o "out/unix/$file.o"
done

ZLIB=$CRATES/libz-sys/src/zlib
printf '%s\n' "$ZLIB"/*.c | compile out/z "$OPTIMISE -w -I$ZLIB -DHAVE_UNISTD_H -DHAVE_STDARG_H"
cp "$ZLIB/zlib.h" "$ZLIB/zconf.h" out/include

BZIP2=$(echo "$CRATES"/bzip2-sys/bzip2-*)
for file in blocksort huffman crctable randtable compress decompress bzlib; do
    echo "$BZIP2/$file.c"
done | compile out/bz2 "$OPTIMISE -w -I$BZIP2"
cp "$BZIP2/bzlib.h" out/include

# Without the multi-threaded coders and the generators of tables.
XZ=$CRATES/liblzma-sys/xz/src
INCLUDES="-I$CRATES/liblzma-sys -I$XZ/common -I$XZ/liblzma/api"
for folder in common lzma lz check rangecoder simple delta; do
    INCLUDES="$INCLUDES -I$XZ/liblzma/$folder"
done
{
    ls "$XZ"/liblzma/common/*.c "$XZ"/liblzma/lzma/*.c "$XZ"/liblzma/lz/*.c \
        "$XZ"/liblzma/rangecoder/*.c "$XZ"/liblzma/simple/*.c "$XZ"/liblzma/delta/*.c |
        grep -v -E 'tablegen|_mt|outqueue'
    for file in check crc32_fast crc64_fast sha256; do
        echo "$XZ/liblzma/check/$file.c"
    done
} | compile out/lzma "-O2 -g0 -w $EMULATED -DHAVE_CONFIG_H $INCLUDES"
cp -r "$XZ/liblzma/api/lzma.h" "$XZ/liblzma/api/lzma" out/include

PCRE2=$CRATES/pcre2-sys/upstream
ls "$PCRE2"/src/*.c | grep -v -E '_jit_match|_jit_misc|_ucptables' |
    compile out/pcre2 "$OPTIMISE -w -DPCRE2_CODE_UNIT_WIDTH=8 -DHAVE_CONFIG_H -DHAVE_STDLIB_H -DHAVE_MEMMOVE \
        -DPCRE2_STATIC -DSTDC_HEADERS -DSUPPORT_PCRE2_8 -DSUPPORT_UNICODE \
        -I$PCRE2/src -I$PCRE2/deps -I$PCRE2/include"
cp "$PCRE2"/include/pcre2.h out/include

wait "$libc"

#!/bin/sh
# zlib, bzip2, liblzma, SQLite and Doug Lea's malloc as static libraries for the guest.
#   in:  compiler sources
#   out: out/lib out/include
set -eu
. recipe/steps/flags.sh

CRATES=sources/crates
mkdir -p out/lib out/include objects

# zig makes its libc at the first link and keeps it: let that go on beside the rest.
echo 'int main(void) { return 0; }' >empty.c
$GUEST_CC $OPTIMISE $STRIP empty.c -o empty.wasm &
libc=$!

# compile LIBRARY FLAGS FILE...: each file to an object, in parallel, then the archive.
# File names are fixed by the pinned crates: no spaces, no two alike in one library.
compile() {
    library=$1 flags=$2
    shift 2
    mkdir -p "objects/$library"
    printf '%s\n' "$@" | xargs -P "$JOBS" -I '{}' sh -c \
        "$GUEST_CC $OPTIMISE -w $EMULATED $flags -c {} -o objects/$library/\$(basename {} .c).o"
    rm -f "out/lib/lib$library.a"
    # The order of the members is that of the names: the same on every machine.
    (cd "objects/$library" && LC_ALL=C ls -- *.o | xargs zig ar rcsD "../../out/lib/lib$library.a")
    echo "lib$library.a done"
}

ZLIB=$CRATES/libz-sys/src/zlib
compile z "-I$ZLIB -DHAVE_UNISTD_H -DHAVE_STDARG_H" "$ZLIB"/*.c
cp "$ZLIB/zlib.h" "$ZLIB/zconf.h" out/include

BZIP2=$(echo "$CRATES"/bzip2-sys/bzip2-*)
compile bz2 "-I$BZIP2 -D_FILE_OFFSET_BITS=64" \
    "$BZIP2/blocksort.c" "$BZIP2/huffman.c" "$BZIP2/crctable.c" "$BZIP2/randtable.c" \
    "$BZIP2/compress.c" "$BZIP2/decompress.c" "$BZIP2/bzlib.c"
cp "$BZIP2/bzlib.h" out/include

# Without the multi-threaded coders and the generators of tables.
XZ=$CRATES/liblzma-sys/xz/src
INCLUDES="-I$CRATES/liblzma-sys -I$XZ/common -I$XZ/liblzma/api"
for folder in common lzma lz check rangecoder simple delta; do
    INCLUDES="$INCLUDES -I$XZ/liblzma/$folder"
done
compile lzma "-DHAVE_CONFIG_H $INCLUDES" $(
    ls "$XZ"/liblzma/common/*.c "$XZ"/liblzma/lzma/*.c "$XZ"/liblzma/lz/*.c \
        "$XZ"/liblzma/rangecoder/*.c "$XZ"/liblzma/simple/*.c "$XZ"/liblzma/delta/*.c |
        grep -v -E 'tablegen|_mt|outqueue'
) "$XZ/liblzma/check/check.c" "$XZ/liblzma/check/crc32_fast.c" \
    "$XZ/liblzma/check/crc64_fast.c" "$XZ/liblzma/check/sha256.c"
cp -r "$XZ/liblzma/api/lzma.h" "$XZ/liblzma/api/lzma" out/include

# One thread, no shared memory. Locks hold between the connections of one interpreter.
SQLITE=$CRATES/libsqlite3-sys/sqlite3
compile sqlite3 "-I$SQLITE -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL \
    -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_MATH_FUNCTIONS \
    -DLONGDOUBLE_TYPE=double -DSQLITE_MAX_MMAP_SIZE=0 \
    -DSQLITE_DEFAULT_UNIX_VFS=\\\"unix\\\" -include recipe/c/one_process.h" "$SQLITE/sqlite3.c"
cp "$SQLITE/sqlite3.h" "$SQLITE/sqlite3ext.h" out/include

# As objects, not an archive: these must win over zig's weak ones in every case.
DLMALLOC=$CRATES/libffi-sys/libffi/src
for file in malloc duplicate string logarithm; do
    $GUEST_CC $OPTIMISE -w -fno-builtin "-I$DLMALLOC" -c "recipe/c/$file.c" -o "out/lib/$file.o"
done

wait "$libc"

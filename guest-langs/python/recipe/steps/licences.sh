# `licences FOLDER`: the licence texts of all that is linked into the guest or shipped
# beside it, one file each; sourced, not run.
licences() {
    folder=$1
    mkdir -p "$folder"
    python=sources/python crates=sources/crates zig=compiler
    cp "$python/LICENSE" "$folder/cpython.txt"
    cp "$python/Doc/license.rst" "$folder/cpython-incorporated.txt"
    cp "$python/Modules/expat/COPYING" "$folder/expat.txt"
    first_comment "$python/Modules/_decimal/libmpdec/mpdecimal.h" >"$folder/libmpdec.txt"
    first_comment "$python/Modules/_hacl/Hacl_Hash_SHA2.c" >"$folder/hacl.txt"
    first_comment "$python/Modules/_blake2/impl/blake2b-ref.c" >"$folder/blake2.txt"
    cp "$crates/libz-sys/src/zlib/LICENSE" "$folder/zlib.txt"
    cp "$crates"/bzip2-sys/bzip2-*/LICENSE "$folder/bzip2.txt"
    cp "$crates/liblzma-sys/xz/COPYING.0BSD" "$folder/liblzma.txt"
    first_comment "$crates/libsqlite3-sys/sqlite3/sqlite3.h" >"$folder/sqlite.txt"
    first_comment "$crates/libffi-sys/libffi/src/dlmalloc.c" | sed '/^ *$/,$d' >"$folder/dlmalloc.txt"
    cp "$zig/LICENSE" "$folder/zig.txt"
    cp "$zig/lib/libc/musl/COPYRIGHT" "$folder/musl.txt"
    cat "$zig/lib/libc/wasi/LICENSE" "$zig/lib/libc/wasi/LICENSE-MIT" \
        "$zig/lib/libc/wasi/LICENSE-APACHE-LLVM" \
        "$zig/lib/libc/wasi/libc-bottom-half/cloudlibc/LICENSE" >"$folder/wasi-libc.txt"
    cp sources/packages/tzdata-*.dist-info/licenses/LICENSE "$folder/tzdata.txt"
    find "$folder" -type f -size -60c | grep . && {
        echo "a licence text is missing or too short" >&2
        return 1
    }
    return 0
}

# first_comment FILE: the first block comment of a C file, without its frame.
first_comment() {
    sed -n '/\/\*/,/\*\//p; /\*\//q' "$1" | sed -e 's:^ *\*\** \{0,1\}::' -e 's:^/\**::' -e 's:\*/$::' -e '1{/^ *$/d;}'
}

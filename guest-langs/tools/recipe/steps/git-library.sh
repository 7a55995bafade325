#!/bin/sh
# libgit2, as objects: without network, threads and shared memory, and with the regular expressions
# and the compression that the other tools use.
#   in:  compiler sources libraries
#   out: out/git out/include
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

GIT2=sources/crates/libgit2-sys/libgit2
SOURCE=$GIT2/src
{
    ls "$SOURCE"/libgit2/*.c "$SOURCE"/util/*.c "$SOURCE"/util/unix/*.c "$SOURCE"/util/allocators/*.c \
        "$SOURCE"/util/hash/sha1dc/*.c "$SOURCE"/util/hash/rfc6234/*.c "$GIT2"/deps/xdiff/*.c
    for file in util/hash/collisiondetect util/hash/builtin libgit2/transports/local libgit2/transports/credential \
        libgit2/transports/ssh_libssh2 libgit2/streams/openssl libgit2/streams/registry libgit2/streams/mbedtls; do
        echo "$SOURCE/$file.c"
    done
} | compile out/git "$UNIX -Wno-incompatible-pointer-types -DNO_MMAP -Dgetpgid=getsid -DPCRE2_CODE_UNIT_WIDTH=8 \
    -I$GIT2/include -I$SOURCE/libgit2 -I$SOURCE/util -I$GIT2/deps/xdiff -Ikernel/config -Ilibraries/include"
cp -R "$GIT2/include" out/include

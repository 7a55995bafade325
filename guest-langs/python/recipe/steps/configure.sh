#!/bin/sh
# CPython's configure for the guest.
#   in:  compiler sources libraries (of c-libraries) native (of build-python)
#   out: out   the build folder: Makefile, pyconfig.h, Modules/Setup.*
set -eu
. recipe/steps/flags.sh

# Every path below is relative to the build folder, which stands beside its inputs
# here and in the step `make`: the Makefile names no folder of this machine.
mkdir out
cd out
SOURCE=../sources/python
LIBRARIES=../libraries/lib
INCLUDE=-I../libraries/include

CONFIG_SITE="$SOURCE/Tools/wasm/config.site-wasm32-wasi ../recipe/config.site"
export CONFIG_SITE

# -fwrapv: the interpreter counts on signed overflow. Not on that of addresses, which
# -fno-strict-overflow of its Makefile allows too: then no offset of a field could be part
# of a load, since the sum might be beyond 32 bits. pymalloc is off for WASI
# unless asked for, and 4 to 10 % faster. The build system's name is the same
# everywhere, so that the recorded arguments are.
env CC="$GUEST_CC" CXX="$GUEST_CXX" CPP="$GUEST_CC -E" AR="zig ar" RANLIB="zig ranlib" \
    PKG_CONFIG=/bin/false HOSTRUNNER=/bin/false \
    OPT="-DNDEBUG $OPTIMISE -fwrapv -fno-wrapv-pointer -Wall" \
    CFLAGS="-ffile-prefix-map=$SOURCE=/usr/src/python" LDFLAGS="$STRIP" \
    ZLIB_CFLAGS="$INCLUDE" ZLIB_LIBS="-L$LIBRARIES -lz" \
    BZIP2_CFLAGS="$INCLUDE" BZIP2_LIBS="-L$LIBRARIES -lbz2" \
    LIBLZMA_CFLAGS="$INCLUDE" LIBLZMA_LIBS="-L$LIBRARIES -llzma" \
    LIBSQLITE3_CFLAGS="$INCLUDE" LIBSQLITE3_LIBS="-L$LIBRARIES -lsqlite3" \
    $SOURCE/configure -q --host=wasm32-wasip1 --build=x86_64-pc-linux-gnu \
    --with-build-python=../native/bin/python3.13 --prefix=/usr \
    --disable-test-modules --without-ensurepip --disable-shared --with-suffix=.wasm \
    --with-pymalloc --without-mimalloc --without-computed-gotos

# zig links a test program that needs threads, which no answer in a config.site
# can deny. Take CPython's own stubs, as it does with other WASI compilers.
sed -e 's:^#define _POSIX_THREADS 1$:/* #undef _POSIX_THREADS */:' \
    -e 's:^/\* #undef HAVE_PTHREAD_STUBS \*/$:#define HAVE_PTHREAD_STUBS 1:' \
    pyconfig.h >pyconfig.h.new
mv pyconfig.h.new pyconfig.h
grep -q '^#define HAVE_PTHREAD_STUBS 1$' pyconfig.h

# zig passes --stack-first by itself, but refuses to be told.
for file in Makefile.pre Makefile; do
    sed 's: -Wl,--stack-first::' "$file" >"$file.new"
    mv "$file.new" "$file"
done
rm config.log

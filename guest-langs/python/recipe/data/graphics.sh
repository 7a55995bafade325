#!/bin/sh
# FreeType, libjpeg and Qhull as static libraries for the data guest. All three leave by
# longjmp when their input is bad.
#   in:  compiler libraries packages (of fetch-packages)
#   out: out/lib out/include
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh
. recipe/data/modules.sh

mkdir -p out/lib out/include
CC="$DATA_CC $SETJMP $OPTIMISE -w"
archive() {
    library=$1
    shift
    (cd objects && printf '%s\n' "$@" | sed 's:^objects/::' | LC_ALL=C sort | xargs zig ar rcsD "../out/lib/lib$library.a")
}

FREETYPE=packages/crates/freetype-sys/freetype2
sources=$(for part in autofit/autofit base/ftbase base/ftbbox base/ftbitmap base/ftdebug base/ftfstype base/ftgasp \
    base/ftglyph base/ftinit base/ftmm base/ftstroke base/ftsynth base/ftsystem base/fttype1 base/ftwinfnt base/ftbdf \
    base/ftcid base/ftgxval base/ftotval base/ftpatent base/ftpfr bdf/bdf cache/ftcache cff/cff cid/type1cid \
    gzip/ftgzip lzw/ftlzw pcf/pcf pfr/pfr psaux/psaux pshinter/pshinter psnames/psnames raster/raster sdf/sdf \
    sfnt/sfnt smooth/smooth svg/svg truetype/truetype type1/type1 type42/type42 winfonts/winfnt; do
    echo "$FREETYPE/src/$part.c"
done)
echo "$sources" | compile "$CC -DFT2_BUILD_LIBRARY -DFT_CONFIG_OPTION_SYSTEM_ZLIB -Ilibraries/include -I$FREETYPE/include"
archive freetype $(object $sources)
cp -R "$FREETYPE/include/." out/include

# What the crate's own build writes into two headers, for a plain C compiler.
JPEG=packages/crates/mozjpeg-sys/vendor
mkdir jpeg
cat >jpeg/jconfig.h <<'H'
#define JPEG_LIB_VERSION 62
#define LIBJPEG_TURBO_VERSION 2.1.5
#define LIBJPEG_TURBO_VERSION_NUMBER 2001005
#define BITS_IN_JSAMPLE 8
#define C_ARITH_CODING_SUPPORTED 1
#define D_ARITH_CODING_SUPPORTED 1
#define MEM_SRCDST_SUPPORTED 1
#define HAVE_STDLIB_H 1
#define NO_GETENV 1
#define NO_PUTENV 1
H
cat >jpeg/jconfigint.h <<'H'
#define BUILD ""
#define INLINE inline __attribute__((always_inline))
#define HIDDEN __attribute__((visibility("hidden")))
#define THREAD_LOCAL
#define PACKAGE_NAME "mozjpeg"
#define VERSION ""
#define SIZEOF_SIZE_T 4
#define HAVE_BUILTIN_CTZL 1
#define FALLTHROUGH __attribute__((fallthrough));
H
printf '#define JVERSION ""\n#define JCOPYRIGHT ""\n#define JCOPYRIGHT_SHORT ""\n' >jpeg/jversion.h
sources=$(for part in jaricom jcapimin jcapistd jcarith jccoefct jccolor jcdctmgr jcext jchuff jcicc jcinit jcmainct jcmarker \
    jcmaster jcomapi jcparam jcphuff jcprepct jcsample jctrans jdapimin jdapistd jdarith jdatadst jdatasrc jdcoefct \
    jdcolor jddctmgr jdhuff jdicc jdinput jdmainct jdmarker jdmaster jdmerge jdphuff jdpostct jdsample jdtrans jerror \
    jfdctflt jfdctfst jfdctint jidctflt jidctfst jidctint jidctred jmemmgr jmemnobs jquant1 jquant2 jsimd_none jutils; do
    echo "$JPEG/$part.c"
done)
echo "$sources" | compile "$CC -Ijpeg -I$JPEG"
archive jpeg $(object $sources)
cp jpeg/jconfig.h "$JPEG/jpeglib.h" "$JPEG/jmorecfg.h" "$JPEG/jerror.h" out/include

QHULL=packages/crates/qhull-sys/qhull/src
sources=$(ls "$QHULL"/libqhull_r/*.c)
echo "$sources" | compile "$CC -I$QHULL"
archive qhull $(object $sources)
mkdir out/include/libqhull_r
cp "$QHULL"/libqhull_r/*.h out/include/libqhull_r

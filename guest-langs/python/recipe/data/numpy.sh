#!/bin/sh
# numpy for the guest: an object for each extension module, its Python files, its headers.
#   in:  compiler interpreter packages (of fetch-packages)
#   out: out/objects/*.o out/modules out/site-packages out/include out/declarations
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh
. recipe/data/modules.sh
here=$(pwd)
export PYTHONPATH="$here/packages/tools"
export PYTHONDONTWRITEBYTECODE=1
export NINJA="$here/packages/tools/bin/ninja"

cp -R packages/sources/numpy source
python3 recipe/data/pack/patch.py numpy source
cp recipe/data/c/sse.h source/numpy/_core/src/common/simd/sandcell_sse.h

# meson calls these. It runs somewhere else, so that names of folders are whole ones;
# they stay out of the objects.
HEADERS="-I$here/interpreter/include/python3.13"
MAPPED="-ffile-prefix-map=$here/source=/usr/src/numpy -ffile-prefix-map=$here=/usr/src"
mkdir -p programs out
program() {
    { echo '#!/bin/sh'; cat; } >"programs/$1"
    chmod +x "programs/$1"
}
program cc <<PROGRAM
exec sh $here/recipe/data/drive.sh $here $DATA_CC $OPTIMISE $HEADERS $MAPPED "\$@"
PROGRAM
program c++ <<PROGRAM
exec sh $here/recipe/data/drive.sh $here $(echo "$DATA_CXX" | sed "s:recipe/data:$here/&:") $OPTIMISE $HEADERS $MAPPED "\$@"
PROGRAM
program ar <<PROGRAM
exec zig ar "\$@"
PROGRAM
program cython <<PROGRAM
exec python3 -m cython "\$@"
PROGRAM
# Scripts run on this machine's Python; what the guest is like is asked here.
program python <<PROGRAM
case \$1 in
*python_info.py) exec python3 $here/recipe/data/pack/guest_info.py $here/interpreter ;;
*) exec python3 "\$@" ;;
esac
PROGRAM
sed "s:@PROGRAMS@:$here/programs:" recipe/data/cross.ini >cross.ini

export PATH="$here/programs:$PATH"
cd source
python3 vendored-meson/meson/meson.py setup ../build --cross-file ../cross.ini -Dbuildtype=plain -Db_ndebug=true \
    -Dallow-noblas=true -Dblas=none -Dlapack=none -Dcpu-baseline=none -Dcpu-dispatch=none -Ddisable-threading=true \
    -Ddisable-optimization=false
"$NINJA" -j "$JOBS" -C ../build
python3 vendored-meson/meson/meson.py install -C ../build --no-rebuild --quiet --skip-subprojects --destdir "$here/installed"
cd ..

SITE=$(echo installed/usr/lib/python3*/site-packages)
(cd build && find numpy -name '*.cpython-313-wasm32-wasi.so' | grep -v -E '_tests|_simd' | LC_ALL=C sort) |
    while read -r file; do
        name=$(echo "${file%%.*}" | tr / .)
        publish "$name" "build/$file"
    done
cp -R "$SITE/numpy/_core/include" out/include
python3 recipe/data/pack/tree.py "$SITE/numpy" out/site-packages/numpy
# numpy.testing takes a class from the tests.
mkdir -p out/site-packages/numpy/_core/tests
cp "$SITE/numpy/_core/tests/_natype.py" out/site-packages/numpy/_core/tests
# Declarations for Cython, for the packages that are built against it.
mkdir -p out/declarations/numpy
cp "$SITE"/numpy/*.pxd out/declarations/numpy
dist_info source out/site-packages

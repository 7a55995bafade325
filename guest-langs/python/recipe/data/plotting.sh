#!/bin/sh
# matplotlib and what it stands on (contourpy, kiwisolver, Pillow), and the C half of
# MarkupSafe: objects of the extension modules, Python files.
#   in:  compiler libraries interpreter packages (of fetch-packages) graphics numpy
#   out: out/objects/*.o out/modules out/site-packages
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh
. recipe/data/modules.sh

mkdir -p out/site-packages
for package in matplotlib contourpy kiwisolver pillow markupsafe; do
    cp -R "packages/sources/$package" "$package"
    python3 recipe/data/pack/patch.py "$package" "$package"
    dist_info "$package" out/site-packages
done
HEADERS="-g0 $SIGNATURES -Iinterpreter/include/python3.13 -Inumpy/include -Igraphics/include -Ilibraries/include \
    -ffile-prefix-map=./=/usr/src/"
CC="$DATA_CC $SETJMP $OPTIMISE $HEADERS"
# A long has 32 bits here, which narrows what is wider elsewhere.
CXX="$DATA_CXX -std=c++17 -O2 -fvisibility=hidden -Wno-c++11-narrowing $HEADERS -Ipackages/headers"

# ---- Pillow ----
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' pillow/src/PIL/_version.py)
imaging=$(ls pillow/src/libImaging/*.c | grep -v /Dib.c) # Dib.c is about Windows
for part in _imaging decode encode map outline path; do
    imaging="$imaging pillow/src/$part.c"
done
others="pillow/src/_imagingft.c pillow/src/_imagingmath.c pillow/src/_imagingmorph.c"
printf '%s\n' $imaging $others |
    compile "$CC -DHAVE_LIBJPEG -DHAVE_LIBZ -DPILLOW_VERSION='\"$version\"' -Ipillow/src/libImaging"
publish PIL._imaging $(object $imaging) graphics/lib/libjpeg.a
publish PIL._imagingft $(object pillow/src/_imagingft.c) graphics/lib/libfreetype.a
publish PIL._imagingmath $(object pillow/src/_imagingmath.c)
publish PIL._imagingmorph $(object pillow/src/_imagingmorph.c)
python3 recipe/data/pack/tree.py pillow/src/PIL out/site-packages/PIL

# ---- MarkupSafe ----
echo markupsafe/src/markupsafe/_speedups.c | compile "$CC"
publish markupsafe._speedups $(object markupsafe/src/markupsafe/_speedups.c)
python3 recipe/data/pack/tree.py markupsafe/src/markupsafe out/site-packages/markupsafe

# ---- kiwisolver ----
kiwi=$(ls kiwisolver/py/src/*.cpp)
printf '%s\n' $kiwi | compile "$CXX -Ikiwisolver"
publish kiwisolver._cext $(object $kiwi)
python3 recipe/data/pack/tree.py kiwisolver/py/kiwisolver out/site-packages/kiwisolver

# ---- contourpy ----
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' contourpy/lib/contourpy/_version.py)
contour=$(ls contourpy/src/*.cpp)
printf '%s\n' $contour | compile "$CXX -DCONTOURPY_VERSION=$version"
publish contourpy._contourpy $(object $contour)
python3 recipe/data/pack/tree.py contourpy/lib/contourpy out/site-packages/contourpy

# ---- matplotlib ----
cd matplotlib/src
modules=$(ls *.cpp tri/*.cpp | grep -v -E '_tkagg')
cd ../..
agg=$(ls matplotlib/extern/agg24-svn/src/agg_*.cpp)
{
    for file in $modules; do echo "matplotlib/src/$file"; done
    printf '%s\n' $agg
} | compile "$CXX -DFREETYPE_BUILD_TYPE='\"system\"' -DMPL_DEVNULL=/dev/null -Imatplotlib/src -Imatplotlib/extern/agg24-svn/include"
zig ar rcsD agg.a $(object $agg)
matplotlib_module() {
    name=$1
    shift
    publish "$name" $(for file; do object "matplotlib/src/$file"; done) agg.a \
        graphics/lib/libfreetype.a graphics/lib/libqhull.a
}
matplotlib_module matplotlib.backends._backend_agg _backend_agg.cpp _backend_agg_wrapper.cpp
matplotlib_module matplotlib._c_internal_utils _c_internal_utils.cpp
matplotlib_module matplotlib.ft2font ft2font.cpp ft2font_wrapper.cpp
matplotlib_module matplotlib._image _image_wrapper.cpp py_converters.cpp
matplotlib_module matplotlib._path _path_wrapper.cpp
matplotlib_module matplotlib._qhull _qhull_wrapper.cpp
matplotlib_module matplotlib._tri tri/_tri.cpp tri/_tri_wrapper.cpp
python3 recipe/data/pack/tree.py matplotlib/lib/matplotlib out/site-packages/matplotlib
python3 recipe/data/pack/tree.py matplotlib/lib/mpl_toolkits out/site-packages/mpl_toolkits
cp matplotlib/lib/pylab.py out/site-packages
rm -rf out/site-packages/matplotlib/mpl-data/sample_data out/site-packages/matplotlib/mpl-data/plot_directive
version=$(sed -n 's/^Version: //p' matplotlib/PKG-INFO | head -1)
numbers=$(echo "$version" | sed 's/\./, /g')
printf '__version__ = version = "%s"\n__version_tuple__ = version_tuple = (%s)\n' "$version" "$numbers" \
    >out/site-packages/matplotlib/_version.py

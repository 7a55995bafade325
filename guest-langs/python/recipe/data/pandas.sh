#!/bin/sh
# pandas for the guest: an object for each extension module, its Python files.
#   in:  compiler interpreter packages (of fetch-packages) numpy
#   out: out/objects/*.o out/modules out/site-packages
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh
. recipe/data/modules.sh
here=$(pwd)
export PYTHONPATH="$here/packages/tools"
export PYTHONDONTWRITEBYTECODE=1

cp -R packages/sources/pandas source
python3 recipe/data/pack/patch.py pandas source
mkdir -p out/site-packages objects

cd source
for template in pandas/_libs/*.pxi.in; do
    python3 generate_pxi.py "$template" -o pandas/_libs
done

# Each .pyx becomes the C, one of them the C++, of a module of its own. numpy's declarations
# are those of the numpy that is built for the guest, whatever this machine has.
cython="python3 -m cython -3 --fast-fail -X always_allow_keywords=true -I $here/numpy/declarations"
sources=$(LC_ALL=C ls pandas/_libs/*.pyx pandas/_libs/tslibs/*.pyx pandas/_libs/window/*.pyx)
echo "$sources" | xargs -P "$JOBS" -I '{}' sh -c "case {} in
    */aggregations.pyx) $cython --cplus {} -o pandas/_libs/window/aggregations.cpp ;;
    *) $cython {} -o \$(dirname {})/\$(basename {} .pyx).c ;;
    esac && echo {}"
cd ..

FLAGS="-g0 $SIGNATURES -DNPY_NO_DEPRECATED_API=0 -DNPY_TARGET_VERSION=NPY_1_21_API_VERSION \
    -ffile-prefix-map=source=/usr/src/pandas -Iinterpreter/include/python3.13 -Inumpy/include -Isource/pandas/_libs/include"
C_SOURCES=$(ls source/pandas/_libs/src/parser/*.c source/pandas/_libs/src/datetime/*.c \
    source/pandas/_libs/src/vendored/numpy/datetime/*.c source/pandas/_libs/src/vendored/ujson/*/*.c)
{
    echo "$C_SOURCES"
    echo "$sources" | grep -v aggregations | sed -e 's:^:source/:' -e 's:\.pyx$:.c:'
} | compile "$DATA_CC -O2 $FLAGS"
echo source/pandas/_libs/window/aggregations.cpp | compile "$DATA_CXX -O2 $FLAGS"

tokenizer=objects/source.pandas._libs.src.parser.tokenizer.c.o
io=objects/source.pandas._libs.src.parser.io.c.o
for source in $sources; do
    name=$(echo "${source%.pyx}" | tr / .)
    more=
    case $name in
    pandas._libs.lib | pandas._libs.tslibs.parsing) more=$tokenizer ;;
    pandas._libs.parsers) more="$tokenizer $io" ;;
    esac
    publish "$name" "$(ls "objects/source.$name.c.o" "objects/source.$name.cpp.o" 2>/dev/null)" $more
done
publish pandas._libs.pandas_parser $tokenizer $io objects/source.pandas._libs.src.parser.pd_parser.c.o
publish pandas._libs.pandas_datetime objects/source.pandas._libs.src.datetime.*.o objects/source.pandas._libs.src.vendored.numpy.datetime.*.o
publish pandas._libs.json objects/source.pandas._libs.src.vendored.ujson.*.o

python3 recipe/data/pack/tree.py source/pandas out/site-packages/pandas
cp source/_version_meson.py out/site-packages/pandas/_version_meson.py
dist_info source out/site-packages

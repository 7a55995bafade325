#!/bin/sh
# The Python files of all packages as the guest sees them, compiled, and their licences.
#   in:  native packages (of fetch-packages) numpy pandas plotting
#   out: out/lib/python3.13/site-packages out/licences
set -eu
site=out/lib/python3.13/site-packages
mkdir -p "$site" out/licences
python3 recipe/data/pack/tree.py packages/site-packages "$site"
python3 recipe/data/pack/patch.py sympy "$site/sympy"
for part in numpy pandas plotting; do
    cp -R "$part/site-packages/." "$site"
done
python3 recipe/data/pack/tree.py packages/sources/pyyaml/lib/yaml "$site/yaml"
cp packages/sources/pyyaml/lib/yaml/*.py "$site/yaml"

# Halves, always the same ones: see steps/stdlib.sh.
native/bin/python3.13 -I recipe/pack/compile.py out/lib /usr/lib 0/2 &
half=$!
native/bin/python3.13 -I recipe/pack/compile.py out/lib /usr/lib 1/2
wait "$half"

for folder in packages/sources/*; do
    name=$(basename "$folder")
    find "$folder" -maxdepth 2 -type f \( -name "LICEN[SC]E*" -o -name "COPYING*" \) | LC_ALL=C sort | xargs cat >"out/licences/$name.txt"
done
cat packages/crates/freetype-sys/freetype2/LICENSE.TXT packages/crates/freetype-sys/freetype2/FTL.TXT \
    >out/licences/freetype.txt 2>/dev/null || cat packages/crates/freetype-sys/LICENSE >out/licences/freetype.txt
cat packages/crates/mozjpeg-sys/LICENSE >out/licences/mozjpeg.txt
cat packages/crates/qhull-sys/qhull/COPYING.txt >out/licences/qhull.txt
for folder in packages/site-packages/*.dist-info; do
    name=$(basename "$folder" | sed 's/-[0-9].*//')
    find "$folder" -type f \( -iname 'licen*' -o -iname 'copying*' -o -iname 'notice*' \) | LC_ALL=C sort |
        xargs cat >"out/licences/$name.txt"
done
find out/licences -type f -size -60c | grep . && {
    echo "a licence text is missing or too short" >&2
    exit 1
}
exit 0

#!/bin/sh
# All that the data image is made of besides the interpreter: sources of the packages with
# native code, C sources, packages of Python only, tools.
#   out: out/sources/NAME out/crates out/site-packages out/tools out/headers
set -eu
. recipe/steps/pip.sh

pip_install recipe/data/requirements-tools.txt out/tools
pip_install recipe/data/requirements-packages.txt out/site-packages
rm -rf out/site-packages/bin out/site-packages/share
mkdir out/headers
cp -R out/tools/pybind11/include/pybind11 out/tools/cppy/include/cppy out/headers

# pip asks each source for its metadata through its own build program: ours only reads it.
backend=$PWD/backend
mkdir -p "$backend/setuptools"
cp recipe/data/pack/build_backend.py "$backend/mesonpy.py"
cp recipe/data/pack/build_backend.py "$backend/setuptools/build_meta.py"
: >"$backend/setuptools/__init__.py"
for python in python3 /usr/bin/python3 environment/bin/python; do
    "$python" -m pip --version >/dev/null 2>&1 && break
done
PYTHONPATH=$backend "$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --no-binary :all: \
    --require-hashes --requirement recipe/data/requirements-sources.txt --dest archives
for archive in archives/*.tar.gz; do
    name=$(basename "$archive" | sed 's/-[0-9].*//')
    python3 recipe/data/pack/unpack_sdist.py "$archive" "out/sources/$name"
done

mkdir crates
cp recipe/data/crates.toml crates/Cargo.toml
cp recipe/data/crates.lock crates/Cargo.lock
: >crates/lib.rs
command -v cargo >/dev/null || {
    echo "no cargo: the C libraries' sources come from crates.io" >&2
    exit 1
}
(cd crates && cargo vendor --quiet --locked vendored >/dev/null)
mkdir out/crates
for crate in freetype-sys mozjpeg-sys qhull-sys; do
    mv "crates/vendored/$crate" out/crates
done

#!/bin/sh
# All sources: the interpreter, the C libraries, the data of time zones.
#   in:  $SOURCE   a tarball of the interpreter's source; empty: fetch it by apt
#   out: out/python out/crates out/packages
set -eu
. recipe/steps/pip.sh
. recipe/steps/apt.sh

pinned() { sed -n "s/^$1 //p" recipe/interpreter.txt; }

mkdir -p out
tarball=$SOURCE
if [ -z "$tarball" ]; then
    apt_fetch_source "$(pinned package)" "$(pinned suite)" downloads
    tarball=$(echo downloads/*.orig.tar.xz)
fi
python3 recipe/pack/unpack.py "$tarball" "$(pinned sha256)" out/python
python3 recipe/pack/patch.py out/python recipe/c/ceval_objects.h recipe/c/free_ints.h

mkdir crates
cp recipe/crates.toml crates/Cargo.toml
cp recipe/crates.lock crates/Cargo.lock
: >crates/lib.rs
# The folder is no member of a workspace that may stand above it: its manifest says so.
command -v cargo >/dev/null || {
    echo "no cargo: the C libraries' sources come from crates.io" >&2
    exit 1
}
(cd crates && cargo vendor --quiet --locked ../out/crates >/dev/null)

pip_install recipe/requirements-library.txt out/packages

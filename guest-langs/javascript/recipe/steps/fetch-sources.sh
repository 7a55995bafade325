#!/bin/sh
# The sources of the engine and of the allocator.
#   out: out/quickjs out/malloc
set -eu
mkdir -p crates out
cp recipe/crates.toml crates/Cargo.toml
cp recipe/crates.lock crates/Cargo.lock
: >crates/lib.rs
(cd crates && cargo vendor --quiet --locked vendored >/dev/null)
mv crates/vendored/libquickjs-ng-sys/embed/quickjs out/quickjs
mkdir out/malloc
mv crates/vendored/libffi-sys/libffi/src/dlmalloc.c out/malloc/dlmalloc.c
cp out/quickjs/quickjs.c out/quickjs/upstream.c
python3 recipe/pack/patch.py out/quickjs/quickjs.c patched.c
mv patched.c out/quickjs/quickjs.c

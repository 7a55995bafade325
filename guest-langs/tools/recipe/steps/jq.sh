#!/bin/sh
# jq with Oniguruma.
#   in:  compiler sources libraries
#   out: out/programs/jq.wasm
set -eu
. recipe/steps/flags.sh
. recipe/steps/tools-flags.sh

mkdir onig
cp kernel/config/oniguruma.h onig/config.h
ONIG=sources/libonig/src
for file in ascii onig_init regcomp regenc regerror regexec regext reggnu regparse regsyntax regtrav regversion st \
    unicode unicode_fold1_key unicode_fold2_key unicode_fold3_key unicode_unfold_key utf8; do
    echo "$ONIG/$file.c"
done | compile objects "-O2 -g0 -w -DHAVE_CONFIG_H -Ionig -I$ONIG"

cp -R sources/jq jq
# As its Makefile does: the functions written in jq, as one C string.
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' jq/src/builtin.jq >jq/src/builtin.inc
echo "#define JQ_VERSION \"$(sed -n 's/^jq \([^ ]*\) .*/\1/p' recipe/sources.txt)\"" >jq/src/version.h
echo '#define JQ_CONFIG ""' >jq/src/config_opts.inc
ls jq/src/*.c jq/src/decNumber/decNumber.c jq/src/decNumber/decContext.c | grep -v inject_errors |
    compile objects "$UNIX -include kernel/config/jq.h -I$ONIG -Ijq -Ijq/src"
link jq objects/*.o libraries/unix/*.o

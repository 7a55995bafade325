#!/bin/sh
# The interpreter as a static library, with what else a link or an extension needs.
#   in:  compiler sources libraries native build (of configure)
#   out: out/lib/*.a out/include/python3.13 out/sysconfig/_sysconfigdata*.py
set -eu
here=$(pwd)

# The build folder has moved since it was configured. -p and the order of the
# touches: make compares times, and must not find that anything is out of date.
cp -Rp build/. objects
cd objects
for file in Makefile.pre Makefile; do
    sed -e "s:^abs_srcdir=.*:abs_srcdir= $here/sources/python:" \
        -e "s:^abs_builddir=.*:abs_builddir= $here/objects:" "$file" >"$file.new"
    mv "$file.new" "$file"
done
for file in config.status Modules/Setup.bootstrap Modules/Setup.stdlib Makefile.pre Modules/config.c Makefile; do
    touch "$file"
done

make -j"$JOBS" libpython3.13.a
make pybuilddir.txt
cd ..

# thread.o apart: it has CPython's stubs of pthreads. zig puts its libc, which has
# some too, before all archives, and only an object comes before that.
mkdir -p out/lib out/include out/sysconfig
cp objects/Python/thread.o objects/libpython3.13.a objects/Modules/_decimal/libmpdec/libmpdec.a \
    objects/Modules/_hacl/libHacl_Hash_SHA2.a objects/Modules/expat/libexpat.a out/lib
cp -R sources/python/Include out/include/python3.13
cp objects/pyconfig.h out/include/python3.13
for file in objects/build/lib.*/_sysconfigdata*.py; do
    # No folder of this machine in it.
    sed "s:$here:/usr/src:g" "$file" >"out/sysconfig/$(basename "$file")"
done

#!/bin/sh
# C++ with exceptions for the guest: libc++, libc++abi and the unwinder, from the compiler's
# own sources (its ready ones know no exceptions); floating-point status.
#   in:  compiler
#   out: out/lib/libcxx.a out/lib/*.o
set -eu
. recipe/steps/flags.sh
. recipe/data/flags.sh

mkdir -p objects out/lib
SOURCES=compiler/lib
COMMON="$TARGET $FRAMES -O2 -g0 -w $EMULATED -DNDEBUG -fvisibility=hidden"
CXX="zig c++ $COMMON $EXCEPTIONS -std=c++23 -D_LIBCPP_BUILDING_LIBRARY -DLIBCXX_BUILDING_LIBCXXABI \
    -I$SOURCES/libcxx/src -I$SOURCES/libcxx/libc -I$SOURCES/libcxxabi/include -I$SOURCES/libcxxabi/src -I$SOURCES/libunwind/include"

# All but threads, files and what WASI has not.
LEFT_OUT='^(thread|mutex|condition_variable|future|shared_mutex|barrier|atomic|memory_resource_init|experimental|tz|print|legacy_pointer|iostream_init|new\.|new_handler|strstream|random_shuffle)'
(cd "$SOURCES/libcxx/src" && ls -- *.cpp ryu/*.cpp) | grep -v -E "$LEFT_OUT" |
    xargs -P "$JOBS" -I '{}' sh -c \
        "$CXX -faligned-allocation -D_LIBCPP_REMOVE_TRANSITIVE_INCLUDES -c $SOURCES/libcxx/src/{} -o objects/cxx-\$(basename {} .cpp).o"
printf '%s\n' abort_message cxa_aux_runtime cxa_default_handlers cxa_exception cxa_exception_storage cxa_guard \
    cxa_handlers cxa_personality cxa_vector cxa_virtual fallback_malloc private_typeinfo stdlib_exception \
    stdlib_stdexcept stdlib_typeinfo stdlib_new_delete cxa_demangle |
    xargs -P "$JOBS" -I '{}' sh -c \
        "$CXX -D_LIBCXXABI_HAS_NO_THREADS -D_LIBCXXABI_BUILDING_LIBRARY -c $SOURCES/libcxxabi/src/{}.cpp -o objects/abi-{}.o"
zig cc $COMMON $EXCEPTIONS -fdeclspec -D_LIBUNWIND_HAS_NO_THREADS -D_LIBUNWIND_HIDE_SYMBOLS -D_LIBUNWIND_IS_BAREMETAL \
    -I"$SOURCES/libunwind/include" -c "$SOURCES/libunwind/src/Unwind-wasm.c" -o objects/unwind.o
(cd objects && LC_ALL=C ls -- *.o | xargs zig ar rcsD ../out/lib/libcxx.a)

$DATA_CC -O2 -g0 -c recipe/data/c/fenv.c -o out/lib/fenv.o
zig cc $TARGET -c recipe/data/c/tags.s -o out/lib/tags.o

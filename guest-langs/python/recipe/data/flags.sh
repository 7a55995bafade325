# What the steps of the data image add to steps/flags.sh; sourced after it, not run.

# Exceptions as instructions of WebAssembly in their final form, which the engine of
# this image runs; longjmp is one of them.
TARGET="-target wasm32-wasi -mcpu=lime1+simd128+exception_handling"
EXCEPTIONS="-fwasm-exceptions -mllvm -wasm-use-legacy-eh=false"
SETJMP="-mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false"

# A call through a pointer of another type traps on wasm. The compiler tells of all casts
# that make one; data/pack/signatures.py judges them.
# No other warning matters in code of others.
SIGNATURES="-Wno-everything -Wcast-function-type-mismatch -Werror=incompatible-function-pointer-types"

# WebAssembly has no flags of floating-point operations. Packages raise some by hand
# (a singular matrix), which works once they have names; data/c/fenv.c keeps them.
FLOATS="-DFE_INVALID=1 -DFE_DIVBYZERO=4 -DFE_OVERFLOW=8 -DFE_UNDERFLOW=16"

COMMON="$TARGET $FRAMES -Wno-date-time $EMULATED $FLOATS -DNDEBUG -fwrapv"
DATA_CC="zig cc $COMMON"
# libc++ of the wheel; its own objects are made by the step cxx-runtime with exceptions.
DATA_CXX="zig c++ $COMMON $EXCEPTIONS -include recipe/data/c/nothreads.h"

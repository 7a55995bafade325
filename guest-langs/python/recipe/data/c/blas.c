/* The functions of CBLAS that numpy calls, and those that its LAPACK spends its time in, for WebAssembly with vectors
 * of 128 bits.
 *
 * numpy has no BLAS of its own and multiplies matrices by three plain loops without one. Its calls always have a
 * factor of one and overwrite the result (alpha 1, beta 0); these functions rely on it in matrix products, which
 * keeps them small. Transposed and column-major matrices are strides: see `matrix` in blas_real.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wasm_simd128.h>

enum order { ROW_MAJOR = 101, COLUMN_MAJOR = 102 };
enum transposed { NOT = 111, TRANSPOSED = 112, CONJUGATED = 113 };

/* Rows and depth of the part of the left matrix that is copied at a time: 128 KiB of doubles, for the second cache.
 * The part of the right one is as deep, and WIDTH columns wide. */
enum { ROWS = 64, DEPTH = 256, WIDTH = 512 };

#define REAL double
#define COMPLEX(name) cblas_z##name
#define CBLAS(name) cblas_d##name
#define FORTRAN(name) d##name##_
#define OWN(name) double_##name
#define LANES 2
#define SPLAT(address) wasm_v128_load64_splat(address)
#define MULTIPLY wasm_f64x2_mul
#define ADD wasm_f64x2_add
#include "blas_real.h"
#include "blas_fortran.h"
#undef REAL
#undef COMPLEX
#undef CBLAS
#undef FORTRAN
#undef OWN
#undef LANES
#undef SPLAT
#undef MULTIPLY
#undef ADD

#define REAL float
#define COMPLEX(name) cblas_c##name
#define CBLAS(name) cblas_s##name
#define FORTRAN(name) s##name##_
#define OWN(name) float_##name
#define LANES 4
#define SPLAT(address) wasm_v128_load32_splat(address)
#define MULTIPLY wasm_f32x4_mul
#define ADD wasm_f32x4_add
#include "blas_real.h"
#include "blas_fortran.h"

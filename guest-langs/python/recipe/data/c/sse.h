/* The operations of SSE that numpy's own vector layer (numpy/_core/src/common/simd/sse) is written in, as ones of
 * WebAssembly: both have vectors of 128 bits, and most operations are one instruction in each. So numpy's loops have
 * their vectors, from the layer that its own tests know best. Included by simd.h, see data/pack/patch.py.
 *
 * Results are those of SSE for all inputs, those out of range too. Of operations up to SSE4.2 only what the layer
 * asks for is here.
 */
#include <wasm_simd128.h>

#define NPY_HAVE_SSE2 1
#define NPY_HAVE_SSE3 1
#define NPY_HAVE_SSSE3 1
#define NPY_HAVE_SSE41 1
#define NPY_HAVE_SSE42 1

typedef v128_t __m128i;
typedef v128_t __m128;
typedef v128_t __m128d;

/* ---- arithmetic, one to one ---- */
#define _mm_add_epi8 wasm_i8x16_add
#define _mm_add_epi16 wasm_i16x8_add
#define _mm_add_epi32 wasm_i32x4_add
#define _mm_add_epi64 wasm_i64x2_add
#define _mm_add_ps wasm_f32x4_add
#define _mm_add_pd wasm_f64x2_add
#define _mm_adds_epi8 wasm_i8x16_add_sat
#define _mm_adds_epu8 wasm_u8x16_add_sat
#define _mm_adds_epi16 wasm_i16x8_add_sat
#define _mm_adds_epu16 wasm_u16x8_add_sat
#define _mm_sub_epi8 wasm_i8x16_sub
#define _mm_sub_epi16 wasm_i16x8_sub
#define _mm_sub_epi32 wasm_i32x4_sub
#define _mm_sub_epi64 wasm_i64x2_sub
#define _mm_sub_ps wasm_f32x4_sub
#define _mm_sub_pd wasm_f64x2_sub
#define _mm_subs_epi8 wasm_i8x16_sub_sat
#define _mm_subs_epu8 wasm_u8x16_sub_sat
#define _mm_subs_epi16 wasm_i16x8_sub_sat
#define _mm_subs_epu16 wasm_u16x8_sub_sat
#define _mm_mullo_epi16 wasm_i16x8_mul
#define _mm_mullo_epi32 wasm_i32x4_mul
#define _mm_mul_ps wasm_f32x4_mul
#define _mm_mul_pd wasm_f64x2_mul
#define _mm_div_ps wasm_f32x4_div
#define _mm_div_pd wasm_f64x2_div
#define _mm_sqrt_ps wasm_f32x4_sqrt
#define _mm_sqrt_pd wasm_f64x2_sqrt
#define _mm_max_epi8 wasm_i8x16_max
#define _mm_max_epu8 wasm_u8x16_max
#define _mm_max_epi16 wasm_i16x8_max
#define _mm_max_epu16 wasm_u16x8_max
#define _mm_max_epi32 wasm_i32x4_max
#define _mm_max_epu32 wasm_u32x4_max
#define _mm_min_epi8 wasm_i8x16_min
#define _mm_min_epu8 wasm_u8x16_min
#define _mm_min_epi16 wasm_i16x8_min
#define _mm_min_epu16 wasm_u16x8_min
#define _mm_min_epi32 wasm_i32x4_min
#define _mm_min_epu32 wasm_u32x4_min
/* The second operand is the result where they are equal or one is NaN. */
#define _mm_max_ps(a, b) wasm_f32x4_pmax(b, a)
#define _mm_max_pd(a, b) wasm_f64x2_pmax(b, a)
#define _mm_min_ps(a, b) wasm_f32x4_pmin(b, a)
#define _mm_min_pd(a, b) wasm_f64x2_pmin(b, a)

#define _MM_FROUND_TO_NEAREST_INT 0
#define _MM_FROUND_TO_ZERO 3
#define _mm_round_ps(a, how) ((how) == _MM_FROUND_TO_ZERO ? wasm_f32x4_trunc(a) : wasm_f32x4_nearest(a))
#define _mm_round_pd(a, how) ((how) == _MM_FROUND_TO_ZERO ? wasm_f64x2_trunc(a) : wasm_f64x2_nearest(a))
#define _mm_ceil_ps wasm_f32x4_ceil
#define _mm_ceil_pd wasm_f64x2_ceil
#define _mm_floor_ps wasm_f32x4_floor
#define _mm_floor_pd wasm_f64x2_floor

/* ---- bits and comparisons ---- */
#define _mm_and_si128 wasm_v128_and
#define _mm_and_ps wasm_v128_and
#define _mm_and_pd wasm_v128_and
#define _mm_andnot_si128(a, b) wasm_v128_andnot(b, a)
#define _mm_or_si128 wasm_v128_or
#define _mm_or_ps wasm_v128_or
#define _mm_or_pd wasm_v128_or
#define _mm_xor_si128 wasm_v128_xor
#define _mm_xor_ps wasm_v128_xor
#define _mm_xor_pd wasm_v128_xor
#define _mm_cmpeq_epi8 wasm_i8x16_eq
#define _mm_cmpeq_epi16 wasm_i16x8_eq
#define _mm_cmpeq_epi32 wasm_i32x4_eq
#define _mm_cmpeq_epi64 wasm_i64x2_eq
#define _mm_cmpgt_epi8 wasm_i8x16_gt
#define _mm_cmpgt_epi16 wasm_i16x8_gt
#define _mm_cmpgt_epi32 wasm_i32x4_gt
#define _mm_cmpgt_epi64 wasm_i64x2_gt
#define _mm_cmpeq_ps wasm_f32x4_eq
#define _mm_cmpeq_pd wasm_f64x2_eq
#define _mm_cmpneq_ps wasm_f32x4_ne
#define _mm_cmpneq_pd wasm_f64x2_ne
#define _mm_cmplt_ps wasm_f32x4_lt
#define _mm_cmplt_pd wasm_f64x2_lt
#define _mm_cmple_ps wasm_f32x4_le
#define _mm_cmple_pd wasm_f64x2_le
#define _mm_cmpgt_ps wasm_f32x4_gt
#define _mm_cmpgt_pd wasm_f64x2_gt
#define _mm_cmpge_ps wasm_f32x4_ge
#define _mm_cmpge_pd wasm_f64x2_ge
#define _mm_cmpord_ps(a, b) wasm_v128_and(wasm_f32x4_eq(a, a), wasm_f32x4_eq(b, b))
#define _mm_cmpord_pd(a, b) wasm_v128_and(wasm_f64x2_eq(a, a), wasm_f64x2_eq(b, b))
#define _mm_movemask_epi8 (int)wasm_i8x16_bitmask
#define _mm_movemask_ps (int)wasm_i32x4_bitmask
#define _mm_movemask_pd (int)wasm_i64x2_bitmask
/* The masks of the layer are whole numbers of ones or zeros. */
#define _mm_blendv_epi8(no, yes, mask) wasm_v128_bitselect(yes, no, mask)
#define _mm_blendv_ps _mm_blendv_epi8
#define _mm_blendv_pd _mm_blendv_epi8

/* ---- shifts; a count beyond the width leaves nothing, or the sign ---- */
#define SANDCELL_SHIFTS(bits, lanes)                                                                         \
    static inline v128_t _mm_slli_epi##bits(v128_t a, unsigned count)                                        \
    {                                                                                                        \
        return count < bits ? wasm_i##bits##x##lanes##_shl(a, count) : wasm_i64x2_const_splat(0);            \
    }                                                                                                        \
    static inline v128_t _mm_srli_epi##bits(v128_t a, unsigned count)                                        \
    {                                                                                                        \
        return count < bits ? wasm_u##bits##x##lanes##_shr(a, count) : wasm_i64x2_const_splat(0);            \
    }                                                                                                        \
    static inline v128_t _mm_srai_epi##bits(v128_t a, unsigned count)                                        \
    {                                                                                                        \
        return wasm_i##bits##x##lanes##_shr(a, count < bits ? count : bits - 1);                             \
    }
SANDCELL_SHIFTS(16, 8)
SANDCELL_SHIFTS(32, 4)
SANDCELL_SHIFTS(64, 2)
#undef SANDCELL_SHIFTS

/* The lower half of a vector is the count. */
static inline unsigned sandcell_count(v128_t counts)
{
    uint64_t count = (uint64_t)wasm_i64x2_extract_lane(counts, 0);
    return count < 64 ? (unsigned)count : 64;
}
#define _mm_sll_epi16(a, counts) _mm_slli_epi16(a, sandcell_count(counts))
#define _mm_sll_epi32(a, counts) _mm_slli_epi32(a, sandcell_count(counts))
#define _mm_sll_epi64(a, counts) _mm_slli_epi64(a, sandcell_count(counts))
#define _mm_srl_epi16(a, counts) _mm_srli_epi16(a, sandcell_count(counts))
#define _mm_srl_epi32(a, counts) _mm_srli_epi32(a, sandcell_count(counts))
#define _mm_srl_epi64(a, counts) _mm_srli_epi64(a, sandcell_count(counts))
#define _mm_sra_epi16(a, counts) _mm_srai_epi16(a, sandcell_count(counts))
#define _mm_sra_epi32(a, counts) _mm_srai_epi32(a, sandcell_count(counts))

/* ---- memory ---- */
#define _mm_load_si128(from) wasm_v128_load(from)
#define _mm_loadu_si128(from) wasm_v128_load(from)
#define _mm_stream_load_si128(from) wasm_v128_load(from)
#define _mm_load_ps(from) wasm_v128_load(from)
#define _mm_load_pd(from) wasm_v128_load(from)
static inline v128_t _mm_loadu_ps(const float *from) { return wasm_v128_load(from); }
static inline v128_t _mm_loadu_pd(const double *from) { return wasm_v128_load(from); }
#define _mm_loadl_epi64(from) wasm_v128_load64_zero(from)
#define _mm_loadl_pd(a, from) wasm_v128_load64_lane(from, a, 0)
#define _mm_loadh_pd(a, from) wasm_v128_load64_lane(from, a, 1)
#define _mm_store_si128(to, a) wasm_v128_store(to, a)
#define _mm_storeu_si128(to, a) wasm_v128_store(to, a)
#define _mm_stream_si128(to, a) wasm_v128_store(to, a)
#define _mm_store_ps(to, a) wasm_v128_store(to, a)
#define _mm_store_pd(to, a) wasm_v128_store(to, a)
#define _mm_storeu_ps(to, a) wasm_v128_store(to, a)
#define _mm_storeu_pd(to, a) wasm_v128_store(to, a)
#define _mm_stream_ps(to, a) wasm_v128_store(to, a)
#define _mm_stream_pd(to, a) wasm_v128_store(to, a)
#define _mm_storel_epi64(to, a) wasm_v128_store64_lane(to, a, 0)
#define _mm_storel_pd(to, a) wasm_v128_store64_lane(to, a, 0)
#define _mm_storeh_pd(to, a) wasm_v128_store64_lane(to, a, 1)

/* ---- lanes ---- */
#define _mm_setzero_si128() wasm_i64x2_const_splat(0)
#define _mm_setzero_ps() wasm_i64x2_const_splat(0)
#define _mm_setzero_pd() wasm_i64x2_const_splat(0)
#define _mm_set1_epi8(a) wasm_i8x16_splat((int8_t)(a))
#define _mm_set1_epi16(a) wasm_i16x8_splat((int16_t)(a))
#define _mm_set1_epi32(a) wasm_i32x4_splat((int32_t)(a))
#define _mm_set1_epi64x(a) wasm_i64x2_splat(a)
#define _mm_set1_ps(a) wasm_f32x4_splat(a)
#define _mm_set1_pd(a) wasm_f64x2_splat(a)
#define _mm_set_epi64x(high, low) wasm_i64x2_make(low, high)
#define _mm_setr_epi8 wasm_i8x16_make
#define _mm_setr_epi16 wasm_i16x8_make
#define _mm_setr_epi32 wasm_i32x4_make
#define _mm_setr_ps wasm_f32x4_make
#define _mm_setr_pd wasm_f64x2_make
#define _mm_cvtsi32_si128(a) wasm_i32x4_make(a, 0, 0, 0)
#define _mm_cvtsi128_si32(a) wasm_i32x4_extract_lane(a, 0)
#define _mm_cvtss_f32(a) wasm_f32x4_extract_lane(a, 0)
#define _mm_cvtsd_f64(a) wasm_f64x2_extract_lane(a, 0)
#define _mm_insert_epi16(a, value, lane) wasm_i16x8_replace_lane(a, lane, (int16_t)(value))
#define _mm_insert_epi32(a, value, lane) wasm_i32x4_replace_lane(a, lane, (int32_t)(value))
#define _mm_extract_epi16(a, lane) (int)wasm_u16x8_extract_lane(a, lane)
#define _mm_extract_epi32(a, lane) wasm_i32x4_extract_lane(a, lane)
#define _mm_castpd_ps(a) (a)
#define _mm_castpd_si128(a) (a)
#define _mm_castps_pd(a) (a)
#define _mm_castps_si128(a) (a)
#define _mm_castsi128_pd(a) (a)
#define _mm_castsi128_ps(a) (a)

/* ---- order of lanes ---- */
#define _MM_SHUFFLE(d, c, b, a) ((d) << 6 | (c) << 4 | (b) << 2 | (a))
#define _MM_SHUFFLE2(b, a) ((b) << 1 | (a))
#define _mm_shuffle_epi32(a, how) \
    wasm_i32x4_shuffle(a, a, (how) & 3, (how) >> 2 & 3, (how) >> 4 & 3, (how) >> 6 & 3)
#define _mm_shuffle_ps(a, b, how) \
    wasm_i32x4_shuffle(a, b, (how) & 3, (how) >> 2 & 3, 4 + ((how) >> 4 & 3), 4 + ((how) >> 6 & 3))
#define _mm_shuffle_pd(a, b, how) wasm_i64x2_shuffle(a, b, (how) & 1, 2 + ((how) >> 1 & 1))
#define _mm_shufflelo_epi16(a, how) \
    wasm_i16x8_shuffle(a, a, (how) & 3, (how) >> 2 & 3, (how) >> 4 & 3, (how) >> 6 & 3, 4, 5, 6, 7)
#define _mm_shufflehi_epi16(a, how)                                                              \
    wasm_i16x8_shuffle(a, a, 0, 1, 2, 3, 4 + ((how) & 3), 4 + ((how) >> 2 & 3), 4 + ((how) >> 4 & 3), \
                       4 + ((how) >> 6 & 3))
#define _mm_shuffle_epi8(a, order) wasm_i8x16_swizzle(a, wasm_v128_and(order, wasm_i8x16_const_splat(0x8f)))
#define _mm_blend_epi16(a, b, mask)                                                                              \
    wasm_i16x8_shuffle(a, b, (mask) & 1 ? 8 : 0, (mask) & 2 ? 9 : 1, (mask) & 4 ? 10 : 2, (mask) & 8 ? 11 : 3,   \
                       (mask) & 16 ? 12 : 4, (mask) & 32 ? 13 : 5, (mask) & 64 ? 14 : 6, (mask) & 128 ? 15 : 7)
#define _mm_srli_si128(a, n)                                                                                        \
    wasm_i8x16_shuffle(a, wasm_i64x2_const_splat(0), (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6,     \
                       (n) + 7, (n) + 8, (n) + 9, (n) + 10, (n) + 11, (n) + 12, (n) + 13, (n) + 14, (n) + 15)
#define _mm_unpacklo_epi8(a, b) \
    wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define _mm_unpackhi_epi8(a, b) \
    wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define _mm_unpacklo_epi16(a, b) wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define _mm_unpackhi_epi16(a, b) wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define _mm_unpacklo_epi32(a, b) wasm_i32x4_shuffle(a, b, 0, 4, 1, 5)
#define _mm_unpackhi_epi32(a, b) wasm_i32x4_shuffle(a, b, 2, 6, 3, 7)
#define _mm_unpacklo_ps _mm_unpacklo_epi32
#define _mm_unpackhi_ps _mm_unpackhi_epi32
#define _mm_unpacklo_epi64(a, b) wasm_i64x2_shuffle(a, b, 0, 2)
#define _mm_unpackhi_epi64(a, b) wasm_i64x2_shuffle(a, b, 1, 3)
#define _mm_unpacklo_pd _mm_unpacklo_epi64
#define _mm_unpackhi_pd _mm_unpackhi_epi64
#define _mm_packs_epi16 wasm_i8x16_narrow_i16x8
#define _mm_packs_epi32 wasm_i16x8_narrow_i32x4
#define _mm_cvtepi32_ps wasm_f32x4_convert_i32x4

/* ---- what takes more than one instruction ---- */
static inline v128_t _mm_mul_epu32(v128_t a, v128_t b)
{
    return wasm_u64x2_extmul_low_u32x4(wasm_i32x4_shuffle(a, a, 0, 2, 0, 2), wasm_i32x4_shuffle(b, b, 0, 2, 0, 2));
}

static inline v128_t _mm_mul_epi32(v128_t a, v128_t b)
{
    return wasm_i64x2_extmul_low_i32x4(wasm_i32x4_shuffle(a, a, 0, 2, 0, 2), wasm_i32x4_shuffle(b, b, 0, 2, 0, 2));
}

static inline v128_t _mm_mulhi_epi16(v128_t a, v128_t b)
{
    v128_t low = wasm_i32x4_extmul_low_i16x8(a, b), high = wasm_i32x4_extmul_high_i16x8(a, b);
    return wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

static inline v128_t _mm_mulhi_epu16(v128_t a, v128_t b)
{
    v128_t low = wasm_u32x4_extmul_low_u16x8(a, b), high = wasm_u32x4_extmul_high_u16x8(a, b);
    return wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

/* The sums of the differences of eight bytes each. */
static inline v128_t _mm_sad_epu8(v128_t a, v128_t b)
{
    v128_t differences = wasm_v128_or(wasm_u8x16_sub_sat(a, b), wasm_u8x16_sub_sat(b, a));
    v128_t fours = wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(differences));
    return wasm_v128_and(wasm_i64x2_add(fours, wasm_u64x2_shr(fours, 32)), wasm_i64x2_const_splat(0xffffffff));
}

static inline v128_t _mm_hadd_ps(v128_t a, v128_t b)
{
    return wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

static inline v128_t _mm_hadd_pd(v128_t a, v128_t b)
{
    return wasm_f64x2_add(wasm_i64x2_shuffle(a, b, 0, 2), wasm_i64x2_shuffle(a, b, 1, 3));
}

/* The first lane is subtracted, the next one added, and so on. */
static inline v128_t _mm_addsub_ps(v128_t a, v128_t b)
{
    return wasm_f32x4_add(a, wasm_v128_xor(b, wasm_f32x4_const(-0.0f, 0.0f, -0.0f, 0.0f)));
}

static inline v128_t _mm_addsub_pd(v128_t a, v128_t b)
{
    return wasm_f64x2_add(a, wasm_v128_xor(b, wasm_f64x2_const(-0.0, 0.0)));
}

/* Rounded to the nearest; what does not fit is the least integer. */
static inline v128_t _mm_cvtps_epi32(v128_t a)
{
    v128_t fits = wasm_f32x4_lt(a, wasm_f32x4_const_splat(2147483648.0f));
    return wasm_v128_bitselect(wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(a)), wasm_i32x4_const_splat(INT32_MIN), fits);
}

static inline v128_t _mm_cvtpd_epi32(v128_t a)
{
    a = wasm_f64x2_nearest(a);
    v128_t fits = wasm_f64x2_lt(a, wasm_f64x2_const_splat(2147483648.0));
    fits = wasm_i32x4_shuffle(fits, wasm_i32x4_const_splat(-1), 0, 2, 4, 4);
    return wasm_v128_bitselect(wasm_i32x4_trunc_sat_f64x2_zero(a), wasm_i32x4_const_splat(INT32_MIN), fits);
}

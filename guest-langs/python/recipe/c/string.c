/* The byte searches, comparisons and copies of the C library, sixteen bytes at a time.
 *
 * zig's go byte by byte, which shows wherever text is compared, searched or
 * measured. Reads behind the end of a string stay within an aligned block of
 * sixteen bytes, and the memory ends at the end of one.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wasm_simd128.h>

#define BLOCK 16
#define MISALIGNED(address) ((uintptr_t)(address) & (BLOCK - 1))

/* Bit i is set where byte i of the block equals that of `wanted`. */
static inline uint32_t matches(const unsigned char *block, v128_t wanted)
{
    return wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(block), wanted));
}

/* Of the first differing byte, as memcmp wants it. `difference` is not 0. */
static inline int sign_at(const unsigned char *left, const unsigned char *right, uint32_t difference)
{
    unsigned place = (unsigned)__builtin_ctz(difference);
    return (int)left[place] - (int)right[place];
}

int memcmp(const void *left_start, const void *right_start, size_t size)
{
    const unsigned char *left = left_start, *right = right_start;
    while (size >= BLOCK) {
        uint32_t difference = ~matches(left, wasm_v128_load(right)) & 0xffff;
        if (difference != 0) {
            return sign_at(left, right, difference);
        }
        left += BLOCK;
        right += BLOCK;
        size -= BLOCK;
    }
    if (size >= 8) {
        uint64_t one = wasm_i64x2_extract_lane(wasm_v128_load64_zero(left), 0);
        uint64_t other = wasm_i64x2_extract_lane(wasm_v128_load64_zero(right), 0);
        if (one != other) {
            /* Most significant byte first: the order of the bytes is that of the numbers. */
            return __builtin_bswap64(one) < __builtin_bswap64(other) ? -1 : 1;
        }
        left += 8;
        right += 8;
        size -= 8;
    }
    for (; size > 0; size--, left++, right++) {
        if (*left != *right) {
            return (int)*left - (int)*right;
        }
    }
    return 0;
}

void *memchr(const void *start, int byte, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    const unsigned char *first = start;
    v128_t wanted = wasm_i8x16_splat((int8_t)byte);
    size_t before = MISALIGNED(first);
    const unsigned char *block = first - before;
    /* What stands before the start in its first block does not count. */
    uint32_t found = matches(block, wanted) >> before << before;
    /* Aligned blocks, for `size` may be more than there is: only what comes
     * before the byte has to be there. */
    while (found == 0) {
        block += BLOCK;
        if ((size_t)(block - first) >= size) {
            return NULL;
        }
        found = matches(block, wanted);
    }
    const unsigned char *at = block + __builtin_ctz(found);
    return (size_t)(at - first) < size ? (void *)at : NULL;
}

void *memrchr(const void *start, int byte, size_t size)
{
    const unsigned char *first = start;
    v128_t wanted = wasm_i8x16_splat((int8_t)byte);
    for (; size >= BLOCK; size -= BLOCK) {
        uint32_t found = matches(first + size - BLOCK, wanted);
        if (found != 0) {
            return (void *)(first + size - BLOCK + 31 - __builtin_clz(found));
        }
    }
    for (; size > 0; size--) {
        if (first[size - 1] == (unsigned char)byte) {
            return (void *)(first + size - 1);
        }
    }
    return NULL;
}

/* The first byte from `text` on that is 0 or `byte`. */
static inline const char *end_or(const char *text, unsigned char byte)
{
    v128_t wanted = wasm_i8x16_splat((int8_t)byte);
    v128_t zero = wasm_i8x16_splat(0);
    size_t before = MISALIGNED(text);
    const unsigned char *block = (const unsigned char *)text - before;
    /* What stands before the text in its first block does not count. */
    uint32_t found = (matches(block, wanted) | matches(block, zero)) >> before << before;
    while (found == 0) {
        block += BLOCK;
        found = matches(block, wanted) | matches(block, zero);
    }
    return (const char *)block + __builtin_ctz(found);
}

size_t strlen(const char *text)
{
    return (size_t)(end_or(text, 0) - text);
}

size_t strnlen(const char *text, size_t limit)
{
    const char *end = memchr(text, 0, limit);
    return end == NULL ? limit : (size_t)(end - text);
}

char *strchrnul(const char *text, int byte)
{
    return (char *)end_or(text, (unsigned char)byte);
}

char *strchr(const char *text, int byte)
{
    const char *end = end_or(text, (unsigned char)byte);
    return *end == (char)byte ? (char *)end : NULL;
}

char *strrchr(const char *text, int byte)
{
    return memrchr(text, byte, strlen(text) + 1);
}

/* With zeros behind the text up to the limit. */
char *strncpy(char *to, const char *text, size_t limit)
{
    size_t length = strnlen(text, limit);
    memcpy(to, text, length);
    memset(to + length, 0, limit - length);
    return to;
}

char *strcpy(char *to, const char *text)
{
    return memcpy(to, text, strlen(text) + 1);
}

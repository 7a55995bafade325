/* The sort of large arrays of numbers by digits, for numpy: without vectors of a processor's own, a comparison sort
 * spends most of its time on branches that nobody foresees.
 *
 * Numbers become unsigned ones of the same order; NaNs go to the end first. Many numbers are first parted by their
 * first eight bits that differ, until the parts lie in a near cache: going through more memory than that in another
 * order, once for each digit, is slow when others use the processor as well. Parts are sorted by all their digits, from
 * the last on; eleven bits are a digit. A digit that is the same everywhere costs nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, VALUES = 1 << DIGIT };

/* So few numbers are sorted by insertion; so many lie in a near cache. */
enum { FEW = 40, NEAR = 1 << 16 };

/* For each digit, how many numbers have each value of it. */
typedef uint32_t (*counts)[VALUES];

/* As data/pack/patch.py names them in numpy. */
enum kind { UNSIGNED, SIGNED, FLOATING };

#define BITS 32
#define NUMBER uint32_t
#define OWN(name) name##_32
#define EXPONENT 0x7f800000u
#include "sort_digits.h"

#define BITS 64
#define NUMBER uint64_t
#define OWN(name) name##_64
#define EXPONENT 0x7ff0000000000000u
#include "sort_digits.h"

/* False: nothing is changed, since there is no memory for a second copy, or too few numbers to be worth it. */
bool sandcell_sort(void *numbers, size_t count, int bytes, int kind)
{
    if (count < 1024 || count > UINT32_MAX / 8) {
        return false;
    }
    return bytes == 8 ? sort_64(numbers, count, kind) : bytes == 4 && sort_32(numbers, count, kind);
}

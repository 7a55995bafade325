/* The binary logarithm.
 *
 * zig's comes from a library of its own instead of musl, and is wrong in the
 * tenth digit and for powers of two.
 */
#include <math.h>

#define LOG2_E 1.4426950408889634 /* 1 / ln 2, rounded */
#define LOG2_E_REST 2.0355273740931033e-17 /* what the rounding took away */
#define SQRT_HALF 0.70710678118654752

double log2(double x)
{
    if (!(x > 0) || isinf(x)) {
        return log(x); /* NaN, infinity or -infinity, as of the natural one */
    }
    int exponent;
    double fraction = frexp(x, &exponent); /* in [1/2, 1) */
    if (fraction < SQRT_HALF) {
        fraction *= 2;
        exponent--;
    }
    /* Around 1, so that nothing is lost where the two parts nearly cancel, and a
     * power of two is exact. */
    double natural = log(fraction);
    return exponent + fma(natural, LOG2_E, natural * LOG2_E_REST);
}

/* The functions of Fortran's BLAS that LAPACK spends its time in, for one type of numbers, over blas_real.h. The rest
 * of it is LAPACK's plain one, which numpy brings. Matrices are column-major; a transposed one, and one on the other
 * side, are strides. Triangles are halved until they are small, so that most of the work is in products. */

/* Halves of a triangle end on tiles. */
enum { OWN(SMALL) = 16 };

static bool OWN(is)(const char *given, char letter)
{
    return (*given | 32) == letter;
}

static int OWN(half)(int size)
{
    return (size / 2 + 7) / 8 * 8;
}

static struct OWN(matrix) OWN(turned)(struct OWN(matrix) of)
{
    return (struct OWN(matrix)){of.at, of.column, of.row};
}

static struct OWN(matrix) OWN(column_major)(const char *how, const REAL *at, int leading)
{
    struct OWN(matrix) whole = {at, 1, leading};
    return OWN(is)(how, 'n') ? whole : OWN(turned)(whole);
}

/* Multiplies a matrix by a number; by zero whatever is in it. */
static void OWN(scale)(int rows, int columns, REAL factor, REAL *at, ptrdiff_t row, ptrdiff_t column)
{
    if (factor == 1) {
        return;
    }
    for (int j = 0; j < columns; j++) {
        for (int i = 0; i < rows; i++) {
            REAL *one = at + i * row + j * column;
            *one = factor == 0 ? 0 : *one * factor;
        }
    }
}

int FORTRAN(gemm)(const char *left_is, const char *right_is, const int *rows, const int *columns, const int *depth,
                  const REAL *alpha, const REAL *left, const int *left_leading, const REAL *right,
                  const int *right_leading, const REAL *beta, REAL *out, const int *leading)
{
    OWN(scale)(*rows, *columns, *beta, out, 1, *leading);
    if (*alpha != 0) {
        /* As the product of the transposed, whose rows lie side by side. */
        OWN(add_product)(OWN(turned)(OWN(column_major)(right_is, right, *right_leading)),
                         OWN(turned)(OWN(column_major)(left_is, left, *left_leading)), *columns, *rows, *depth, *alpha,
                         out, *leading, 1);
    }
    return 0;
}

/* ---- a matrix and a vector ---- */

static const REAL *OWN(start)(const REAL *at, int count, ptrdiff_t step)
{
    return step < 0 ? at - (count - 1) * step : at;
}

int FORTRAN(gemv)(const char *is, const int *rows, const int *columns, const REAL *alpha, const REAL *matrix,
                  const int *leading, const REAL *x, const int *x_step, const REAL *beta, REAL *y, const int *y_step)
{
    bool plain = OWN(is)(is, 'n');
    int outputs = plain ? *rows : *columns, inputs = plain ? *columns : *rows;
    const REAL *from = OWN(start)(x, inputs, *x_step);
    REAL *to = y + (OWN(start)(y, outputs, *y_step) - y);
    OWN(scale)(outputs, 1, *beta, to, *y_step, 0);
    if (*alpha == 0) {
        return 0;
    }
    for (int j = 0; j < *columns; j++) {
        const REAL *column = matrix + (ptrdiff_t)j * *leading;
        if (plain) {
            CBLAS(axpy)(*rows, *alpha * from[(ptrdiff_t)j * *x_step], column, 1, y, *y_step);
        } else {
            to[(ptrdiff_t)j * *y_step] += *alpha * CBLAS(dot)(*rows, column, 1, x, *x_step);
        }
    }
    return 0;
}

/* Adds factor * matrix[i] to y[i], and answers the sum of matrix[i] * x[i]. */
static REAL OWN(axpy_and_dot)(int n, REAL factor, const REAL *matrix, const REAL *x, REAL *y)
{
    v128_t sums = wasm_i32x4_const_splat(0), factors = SPLAT(&factor);
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        v128_t a = wasm_v128_load(matrix + i);
        wasm_v128_store(y + i, ADD(wasm_v128_load(y + i), MULTIPLY(factors, a)));
        sums = ADD(sums, MULTIPLY(a, wasm_v128_load(x + i)));
    }
    REAL parts[LANES], sum = 0;
    memcpy(parts, &sums, sizeof parts);
    for (int part = 0; part < LANES; part++) {
        sum += parts[part];
    }
    for (; i < n; i++) {
        y[i] += factor * matrix[i];
        sum += matrix[i] * x[i];
    }
    return sum;
}

int FORTRAN(symv)(const char *half, const int *size, const REAL *alpha, const REAL *matrix, const int *leading,
                  const REAL *x, const int *x_step, const REAL *beta, REAL *y, const int *y_step)
{
    int n = *size;
    bool lower = OWN(is)(half, 'l');
    REAL *to = y + (OWN(start)(y, n, *y_step) - y);
    const REAL *from = OWN(start)(x, n, *x_step);
    OWN(scale)(n, 1, *beta, to, *y_step, 0);
    if (*alpha == 0) {
        return 0;
    }
    for (int j = 0; j < n; j++) {
        const REAL *column = matrix + (ptrdiff_t)j * *leading;
        REAL factor = *alpha * from[(ptrdiff_t)j * *x_step], sum = 0;
        int first = lower ? j + 1 : 0, count = lower ? n - j - 1 : j;
        if (*x_step == 1 && *y_step == 1) {
            sum = OWN(axpy_and_dot)(count, factor, column + first, from + first, to + first);
        } else {
            for (ptrdiff_t i = first; i < first + count; i++) {
                to[i * *y_step] += factor * column[i];
                sum += column[i] * from[i * *x_step];
            }
        }
        to[(ptrdiff_t)j * *y_step] += factor * column[j] + *alpha * sum;
    }
    return 0;
}

/* ---- triangles ---- */

/* A triangular matrix: its lower half, or its upper one; whether its diagonal is taken for ones. */
struct OWN(triangle) {
    struct OWN(matrix) of;
    bool lower, unit;
};

/* What `side`, `half`, `how` and `diagonal` say of a function that has a triangle on one side of `out`: the triangle to
 * be put on the left. */
static struct OWN(triangle) OWN(triangle)(bool left, const char *half, const char *how, const char *diagonal,
                                          const REAL *at, int leading)
{
    bool flipped = OWN(is)(how, 'n') != left;
    struct OWN(matrix) of = {at, 1, leading};
    return (struct OWN(triangle)){flipped ? OWN(turned)(of) : of, OWN(is)(half, 'l') != flipped,
                                  OWN(is)(diagonal, 'u')};
}

static struct OWN(triangle) OWN(rest)(struct OWN(triangle) of, int from)
{
    of.of = OWN(part)(of.of, from, from);
    return of;
}

/* Puts into `out`, of `size` rows, the solution x of triangle * x = out. */
static void OWN(solve)(struct OWN(triangle) of, int size, int columns, REAL *out, ptrdiff_t row, ptrdiff_t column)
{
    if (size > OWN(SMALL)) {
        int first = OWN(half)(size), second = size - first;
        REAL *lower = out + first * row;
        if (of.lower) {
            OWN(solve)(of, first, columns, out, row, column);
            OWN(add_product)(OWN(part)(of.of, first, 0), (struct OWN(matrix)){out, row, column}, second, columns, first,
                             -1, lower, row, column);
            OWN(solve)(OWN(rest)(of, first), second, columns, lower, row, column);
        } else {
            OWN(solve)(OWN(rest)(of, first), second, columns, lower, row, column);
            OWN(add_product)(OWN(part)(of.of, 0, first), (struct OWN(matrix)){lower, row, column}, first, columns,
                             second, -1, out, row, column);
            OWN(solve)(of, first, columns, out, row, column);
        }
        return;
    }
    for (int j = 0; j < columns; j++) {
        REAL *x = out + j * column;
        for (int step = 0; step < size; step++) {
            int k = of.lower ? step : size - 1 - step;
            const REAL *at = of.of.at + k * of.of.column;
            if (!of.unit) {
                x[k * row] /= at[k * of.of.row];
            }
            int from = of.lower ? k + 1 : 0, to = of.lower ? size : k;
            if (row == 1 && of.of.row == 1) {
                CBLAS(axpy)(to - from, -x[k], at + from, 1, x + from, 1);
                continue;
            }
            for (int i = from; i < to; i++) {
                x[i * row] -= x[k * row] * at[i * of.of.row];
            }
        }
    }
}

/* Puts triangle * out into `out`. */
static void OWN(multiply)(struct OWN(triangle) of, int size, int columns, REAL *out, ptrdiff_t row, ptrdiff_t column)
{
    if (size > OWN(SMALL)) {
        int first = OWN(half)(size), second = size - first;
        REAL *lower = out + first * row;
        if (of.lower) {
            OWN(multiply)(OWN(rest)(of, first), second, columns, lower, row, column);
            OWN(add_product)(OWN(part)(of.of, first, 0), (struct OWN(matrix)){out, row, column}, second, columns, first,
                             1, lower, row, column);
            OWN(multiply)(of, first, columns, out, row, column);
        } else {
            OWN(multiply)(of, first, columns, out, row, column);
            OWN(add_product)(OWN(part)(of.of, 0, first), (struct OWN(matrix)){lower, row, column}, first, columns,
                             second, 1, out, row, column);
            OWN(multiply)(OWN(rest)(of, first), second, columns, lower, row, column);
        }
        return;
    }
    for (int j = 0; j < columns; j++) {
        REAL *x = out + j * column;
        for (int step = 0; step < size; step++) {
            int i = of.lower ? size - 1 - step : step;
            const REAL *at = of.of.at + i * of.of.row;
            REAL sum = of.unit ? x[i * row] : x[i * row] * at[i * of.of.column];
            int from = of.lower ? 0 : i + 1, to = of.lower ? i : size;
            for (int k = from; k < to; k++) {
                sum += at[k * of.of.column] * x[k * row];
            }
            x[i * row] = sum;
        }
    }
}

int FORTRAN(trsm)(const char *side, const char *half, const char *how, const char *diagonal, const int *rows,
                  const int *columns, const REAL *alpha, const REAL *matrix, const int *leading, REAL *out,
                  const int *out_leading)
{
    bool left = OWN(is)(side, 'l');
    OWN(scale)(*rows, *columns, *alpha, out, 1, *out_leading);
    OWN(solve)(OWN(triangle)(left, half, how, diagonal, matrix, *leading), left ? *rows : *columns,
               left ? *columns : *rows, out, left ? 1 : *out_leading, left ? *out_leading : 1);
    return 0;
}

int FORTRAN(trmm)(const char *side, const char *half, const char *how, const char *diagonal, const int *rows,
                  const int *columns, const REAL *alpha, const REAL *matrix, const int *leading, REAL *out,
                  const int *out_leading)
{
    bool left = OWN(is)(side, 'l');
    OWN(scale)(*rows, *columns, *alpha, out, 1, *out_leading);
    OWN(multiply)(OWN(triangle)(left, half, how, diagonal, matrix, *leading), left ? *rows : *columns,
                  left ? *columns : *rows, out, left ? 1 : *out_leading, left ? *out_leading : 1);
    return 0;
}

/* Adds alpha * matrix * transposed matrix to one half of `out`. */
static void OWN(add_square)(bool lower, int size, int depth, REAL alpha, struct OWN(matrix) of, REAL *out,
                            ptrdiff_t leading)
{
    if (size > OWN(SMALL)) {
        int first = OWN(half)(size), second = size - first;
        struct OWN(matrix) below = OWN(part)(of, first, 0);
        OWN(add_square)(lower, first, depth, alpha, of, out, leading);
        OWN(add_square)(lower, second, depth, alpha, below, out + first * (leading + 1), leading);
        if (lower) {
            OWN(add_product)(of, OWN(turned)(below), first, second, depth, alpha, out + first, leading, 1);
        } else {
            OWN(add_product)(below, OWN(turned)(of), second, first, depth, alpha, out + first * leading, leading, 1);
        }
        return;
    }
    for (int j = 0; j < size; j++) {
        for (int i = lower ? j : 0; i < (lower ? size : j + 1); i++) {
            REAL sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += of.at[i * of.row + k * of.column] * of.at[j * of.row + k * of.column];
            }
            out[i + j * leading] += alpha * sum;
        }
    }
}

int FORTRAN(syrk)(const char *half, const char *how, const int *size, const int *depth, const REAL *alpha,
                  const REAL *matrix, const int *leading, const REAL *beta, REAL *out, const int *out_leading)
{
    bool lower = OWN(is)(half, 'l');
    for (int j = 0; j < *size; j++) {
        int first = lower ? j : 0, count = lower ? *size - j : j + 1;
        OWN(scale)(count, 1, *beta, out + first + (ptrdiff_t)j * *out_leading, 1, 0);
    }
    OWN(add_square)(lower, *size, *depth, *alpha, OWN(column_major)(how, matrix, *leading), out, *out_leading);
    return 0;
}

/* ---- the decomposition that linear systems are solved by ---- */

/* Exchanges the rows that `pivots`, from 1 on, name for rows `first` to `last`. */
static void OWN(exchange)(int first, int last, const int *pivots, int columns, REAL *at, ptrdiff_t leading)
{
    for (int j = 0; j < columns; j++, at += leading) {
        for (int i = first; i < last; i++) {
            REAL kept = at[i];
            at[i] = at[pivots[i] - 1];
            at[pivots[i] - 1] = kept;
        }
    }
}

/* One column: its largest number comes first, and divides the others. False when that is zero. */
static bool OWN(pivot)(int rows, REAL *at, int *pivot)
{
    int largest = 0;
    for (int i = 1; i < rows; i++) {
        if ((at[i] < 0 ? -at[i] : at[i]) > (at[largest] < 0 ? -at[largest] : at[largest])) {
            largest = i;
        }
    }
    REAL of = at[largest];
    *pivot = largest + 1;
    at[largest] = at[0];
    at[0] = of;
    if (of == 0) {
        return false;
    }
    for (int i = 1; i < rows; i++) {
        at[i] /= of;
    }
    return true;
}

/* Puts the factors L and U into a matrix that has no fewer rows than columns, halving its columns. The answer is the
 * first column, from 1 on, whose pivot is zero, or 0. */
static int OWN(decompose)(int rows, int columns, REAL *at, ptrdiff_t leading, int *pivots)
{
    if (columns == 1) {
        return OWN(pivot)(rows, at, pivots) ? 0 : 1;
    }
    int first = columns > OWN(SMALL) ? OWN(half)(columns) : columns / 2, second = columns - first;
    REAL *right = at + first * leading, *below = right + first;
    int singular = OWN(decompose)(rows, first, at, leading, pivots);
    OWN(exchange)(0, first, pivots, second, right, leading);
    struct OWN(triangle) triangle = {{at, 1, leading}, true, true};
    OWN(solve)(triangle, first, second, right, 1, leading);
    if (first < OWN(SMALL)) {
        for (int j = 0; j < second; j++) {
            for (int k = 0; k < first; k++) {
                CBLAS(axpy)(rows - first, -right[k + j * leading], at + first + k * leading, 1, below + j * leading, 1);
            }
        }
    } else {
        OWN(add_product)((struct OWN(matrix)){right, leading, 1}, (struct OWN(matrix)){at + first, leading, 1}, second,
                         rows - first, first, -1, below, leading, 1);
    }
    int further = OWN(decompose)(rows - first, second, below, leading, pivots + first);
    for (int i = first; i < columns; i++) {
        pivots[i] += first;
    }
    OWN(exchange)(first, columns, pivots, first, at, leading);
    return singular != 0 || further == 0 ? singular : further + first;
}

int FORTRAN(getrf)(const int *rows, const int *columns, REAL *matrix, const int *leading, int *pivots, int *singular)
{
    int square = *rows < *columns ? *rows : *columns;
    *singular = 0;
    if (square == 0) {
        return 0;
    }
    *singular = OWN(decompose)(*rows, square, matrix, *leading, pivots);
    if (square < *columns) {
        REAL *right = matrix + (ptrdiff_t)square * *leading;
        struct OWN(triangle) triangle = {{matrix, 1, *leading}, true, true};
        OWN(exchange)(0, square, pivots, *columns - square, right, *leading);
        OWN(solve)(triangle, square, *columns - square, right, 1, *leading);
    }
    return 0;
}

/* The body of blas.c for one type of numbers and for complex numbers of it. Included twice. */

/* A matrix: its first number, and how far it is to the next row and column. */
struct OWN(matrix) {
    const REAL *at;
    ptrdiff_t row, column;
};

static struct OWN(matrix) OWN(part)(struct OWN(matrix) whole, int row, int column)
{
    whole.at += row * whole.row + column * whole.column;
    return whole;
}

static struct OWN(matrix) OWN(operand)(enum order order, enum transposed how, const REAL *at, int leading)
{
    if ((order == ROW_MAJOR) == (how == NOT)) {
        return (struct OWN(matrix)){at, leading, 1};
    }
    return (struct OWN(matrix)){at, 1, leading};
}

/* A tile of the result: four rows, two vectors of columns. */
enum { OWN(TILE_ROWS) = 4, OWN(TILE_COLUMNS) = 2 * LANES };

/* Copies `rows` times `depth` numbers so that a tile's four rows lie beside one another; zeros fill the last tile. */
static void OWN(pack)(struct OWN(matrix) from, int rows, int depth, int tile, REAL *to)
{
    for (int row = 0; row < rows; row += tile) {
        int present = rows - row < tile ? rows - row : tile;
        for (int k = 0; k < depth; k++) {
            const REAL *at = from.at + row * from.row + k * from.column;
            if (from.row == 1 && present == OWN(TILE_COLUMNS)) {
                memcpy(to, at, sizeof(REAL) * OWN(TILE_COLUMNS));
                to += OWN(TILE_COLUMNS);
                continue;
            }
            for (int i = 0; i < present; i++, at += from.row) {
                *to++ = *at;
            }
            for (int i = present; i < tile; i++) {
                *to++ = 0;
            }
        }
    }
}

/* The product of a tile's rows and columns, 4 * TILE_COLUMNS numbers. */
static void OWN(tile)(const REAL *left, const REAL *right, int depth, REAL *out)
{
    v128_t a0 = wasm_i32x4_const_splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
#pragma clang loop unroll_count(4)
    for (int k = 0; k < depth; k++) {
        v128_t a = wasm_v128_load(right), b = wasm_v128_load(right + LANES), x;
        x = SPLAT(left);
        a0 = ADD(a0, MULTIPLY(x, a));
        b0 = ADD(b0, MULTIPLY(x, b));
        x = SPLAT(left + 1);
        a1 = ADD(a1, MULTIPLY(x, a));
        b1 = ADD(b1, MULTIPLY(x, b));
        x = SPLAT(left + 2);
        a2 = ADD(a2, MULTIPLY(x, a));
        b2 = ADD(b2, MULTIPLY(x, b));
        x = SPLAT(left + 3);
        a3 = ADD(a3, MULTIPLY(x, a));
        b3 = ADD(b3, MULTIPLY(x, b));
        left += OWN(TILE_ROWS);
        right += 2 * LANES;
    }
    v128_t sums[] = {a0, b0, a1, b1, a2, b2, a3, b3};
    memcpy(out, sums, sizeof sums);
}

/* Adds sign times a whole tile to rows whose numbers lie side by side. */
static void OWN(add_tile)(const REAL *sums, REAL sign, REAL *to, ptrdiff_t row)
{
    v128_t signs = SPLAT(&sign);
    for (int r = 0; r < OWN(TILE_ROWS); r++, sums += 2 * LANES, to += row) {
        v128_t first = MULTIPLY(signs, wasm_v128_load(sums)), second = MULTIPLY(signs, wasm_v128_load(sums + LANES));
        wasm_v128_store(to, ADD(wasm_v128_load(to), first));
        wasm_v128_store(to + LANES, ADD(wasm_v128_load(to + LANES), second));
    }
}

/* Adds sign * left * right to `out`, of `rows` times `columns` numbers. Small products and those that find no memory
 * are made without copies. */
static void OWN(add_product)(struct OWN(matrix) left, struct OWN(matrix) right, int rows, int columns, int depth,
                             REAL sign, REAL *out, ptrdiff_t out_row, ptrdiff_t out_column)
{
    REAL *packed = NULL;
    if ((double)rows * columns * depth > 512) {
        packed = aligned_alloc(16, sizeof(REAL) * DEPTH * (ROWS + WIDTH));
    }
    if (packed == NULL) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                const REAL *x = left.at + i * left.row, *y = right.at + j * right.column;
                REAL sum = 0;
                for (int k = 0; k < depth; k++, x += left.column, y += right.row) {
                    sum += *x * *y;
                }
                out[i * out_row + j * out_column] += sign * sum;
            }
        }
        return;
    }
    REAL *lefts = packed + DEPTH * WIDTH, sums[OWN(TILE_ROWS) * OWN(TILE_COLUMNS)];
    for (int j = 0; j < columns; j += WIDTH) {
        int width = columns - j < WIDTH ? columns - j : WIDTH;
        for (int k = 0; k < depth; k += DEPTH) {
            int deep = depth - k < DEPTH ? depth - k : DEPTH;
            struct OWN(matrix) turned = OWN(part)(right, k, j);
            OWN(pack)((struct OWN(matrix)){turned.at, turned.column, turned.row}, width, deep, OWN(TILE_COLUMNS), packed);
            for (int i = 0; i < rows; i += ROWS) {
                int high = rows - i < ROWS ? rows - i : ROWS;
                OWN(pack)(OWN(part)(left, i, k), high, deep, OWN(TILE_ROWS), lefts);
                for (int jj = 0; jj < width; jj += OWN(TILE_COLUMNS)) {
                    for (int ii = 0; ii < high; ii += OWN(TILE_ROWS)) {
                        OWN(tile)(lefts + ii * deep, packed + jj * deep, deep, sums);
                        int last_row = high - ii < OWN(TILE_ROWS) ? high - ii : OWN(TILE_ROWS);
                        int last_column = width - jj < OWN(TILE_COLUMNS) ? width - jj : OWN(TILE_COLUMNS);
                        REAL *to = out + (i + ii) * out_row + (j + jj) * out_column;
                        if (out_column == 1 && last_row == OWN(TILE_ROWS) && last_column == OWN(TILE_COLUMNS)) {
                            OWN(add_tile)(sums, sign, to, out_row);
                            continue;
                        }
                        for (int r = 0; r < last_row; r++) {
                            for (int c = 0; c < last_column; c++) {
                                to[r * out_row + c * out_column] += sign * sums[r * OWN(TILE_COLUMNS) + c];
                            }
                        }
                    }
                }
            }
        }
    }
    free(packed);
}

REAL CBLAS(dot)(int n, const REAL *x, int x_step, const REAL *y, int y_step)
{
    REAL sum = 0, parts[4 * LANES];
    int i = 0;
    if (x_step == 1 && y_step == 1 && n >= 4 * LANES) {
        v128_t sums[4] = {wasm_i32x4_const_splat(0), wasm_i32x4_const_splat(0), wasm_i32x4_const_splat(0),
                          wasm_i32x4_const_splat(0)};
        for (; i + 4 * LANES <= n; i += 4 * LANES) {
            for (int part = 0; part < 4; part++) {
                v128_t product = MULTIPLY(wasm_v128_load(x + i + part * LANES), wasm_v128_load(y + i + part * LANES));
                sums[part] = ADD(sums[part], product);
            }
        }
        memcpy(parts, sums, sizeof parts);
        for (int part = 0; part < 4 * LANES; part++) {
            sum += parts[part];
        }
    }
    const REAL *first = x_step < 0 ? x - (ptrdiff_t)(n - 1) * x_step : x;
    const REAL *second = y_step < 0 ? y - (ptrdiff_t)(n - 1) * y_step : y;
    for (; i < n; i++) {
        sum += first[(ptrdiff_t)i * x_step] * second[(ptrdiff_t)i * y_step];
    }
    return sum;
}

void CBLAS(axpy)(int n, REAL factor, const REAL *x, int x_step, REAL *y, int y_step)
{
    if (x_step == 1 && y_step == 1) {
        for (int i = 0; i < n; i++) {
            y[i] += factor * x[i];
        }
        return;
    }
    const REAL *from = x_step < 0 ? x - (ptrdiff_t)(n - 1) * x_step : x;
    REAL *to = y_step < 0 ? y - (ptrdiff_t)(n - 1) * y_step : y;
    for (int i = 0; i < n; i++) {
        to[(ptrdiff_t)i * y_step] += factor * from[(ptrdiff_t)i * x_step];
    }
}

void CBLAS(gemm)(enum order order, enum transposed left_is, enum transposed right_is, int rows, int columns, int depth,
                 REAL alpha, const REAL *left, int left_leading, const REAL *right, int right_leading, REAL beta,
                 REAL *out, int out_leading)
{
    (void)alpha, (void)beta;
    ptrdiff_t row = order == ROW_MAJOR ? out_leading : 1, column = order == ROW_MAJOR ? 1 : out_leading;
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
            out[i * row + j * column] = 0;
        }
    }
    OWN(add_product)(OWN(operand)(order, left_is, left, left_leading), OWN(operand)(order, right_is, right, right_leading),
                     rows, columns, depth, 1, out, row, column);
}

/* The whole of matrix * transposed matrix; the caller asks for the upper half and ignores the rest. */
void CBLAS(syrk)(enum order order, int half, enum transposed is, int rows, int depth, REAL alpha, const REAL *matrix,
                 int leading, REAL beta, REAL *out, int out_leading)
{
    (void)half;
    CBLAS(gemm)(order, is, is == NOT ? TRANSPOSED : NOT, rows, rows, depth, alpha, matrix, leading, matrix, leading, beta,
                out, out_leading);
}

void CBLAS(gemv)(enum order order, enum transposed is, int rows, int columns, REAL alpha, const REAL *matrix, int leading,
                 const REAL *x, int x_step, REAL beta, REAL *y, int y_step)
{
    (void)alpha, (void)beta;
    struct OWN(matrix) a = OWN(operand)(order, is, matrix, leading);
    int outputs = is == NOT ? rows : columns, inputs = is == NOT ? columns : rows;
    const REAL *from = x_step < 0 ? x - (ptrdiff_t)(inputs - 1) * x_step : x;
    REAL *to = y_step < 0 ? y - (ptrdiff_t)(outputs - 1) * y_step : y;
    if (a.column == 1 || inputs == 0) {
        for (int i = 0; i < outputs; i++) {
            to[(ptrdiff_t)i * y_step] = CBLAS(dot)(inputs, a.at + i * a.row, 1, x, x_step);
        }
        return;
    }
    for (int i = 0; i < outputs; i++) {
        to[(ptrdiff_t)i * y_step] = 0;
    }
    for (int k = 0; k < inputs; k++) {
        CBLAS(axpy)(outputs, from[(ptrdiff_t)k * x_step], a.at + k * a.column, a.row, y, y_step);
    }
}

/* ---- complex numbers: pairs of a real and an imaginary part ---- */

/* Real products of the parts, put together. */
void COMPLEX(gemm)(enum order order, enum transposed left_is, enum transposed right_is, int rows, int columns, int depth,
                   const void *alpha, const void *left, int left_leading, const void *right, int right_leading,
                   const void *beta, void *out, int out_leading)
{
    (void)alpha, (void)beta;
    struct OWN(matrix) a = OWN(operand)(order, left_is, left, left_leading);
    struct OWN(matrix) b = OWN(operand)(order, right_is, right, right_leading);
    a.row *= 2, a.column *= 2, b.row *= 2, b.column *= 2;
    struct OWN(matrix) a_imaginary = a, b_imaginary = b;
    a_imaginary.at++, b_imaginary.at++;
    ptrdiff_t row = 2 * (order == ROW_MAJOR ? (ptrdiff_t)out_leading : 1);
    ptrdiff_t column = 2 * (order == ROW_MAJOR ? 1 : (ptrdiff_t)out_leading);
    REAL *to = out, a_sign = left_is == CONJUGATED ? -1 : 1, b_sign = right_is == CONJUGATED ? -1 : 1;
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
            to[i * row + j * column] = to[i * row + j * column + 1] = 0;
        }
    }
    OWN(add_product)(a, b, rows, columns, depth, 1, to, row, column);
    OWN(add_product)(a_imaginary, b_imaginary, rows, columns, depth, -a_sign * b_sign, to, row, column);
    OWN(add_product)(a, b_imaginary, rows, columns, depth, b_sign, to + 1, row, column);
    OWN(add_product)(a_imaginary, b, rows, columns, depth, a_sign, to + 1, row, column);
}

void COMPLEX(syrk)(enum order order, int half, enum transposed is, int rows, int depth, const void *alpha,
                   const void *matrix, int leading, const void *beta, void *out, int out_leading)
{
    (void)half;
    COMPLEX(gemm)(order, is, is == NOT ? TRANSPOSED : NOT, rows, rows, depth, alpha, matrix, leading, matrix, leading,
                  beta, out, out_leading);
}

static void OWN(complex_dot)(int n, const REAL *x, ptrdiff_t x_step, const REAL *y, ptrdiff_t y_step, REAL sign, REAL *out)
{
    REAL real = 0, imaginary = 0;
    x_step *= 2, y_step *= 2;
    x -= x_step < 0 ? (n - 1) * x_step : 0;
    y -= y_step < 0 ? (n - 1) * y_step : 0;
    for (int i = 0; i < n; i++, x += x_step, y += y_step) {
        real += x[0] * y[0] - sign * x[1] * y[1];
        imaginary += x[0] * y[1] + sign * x[1] * y[0];
    }
    out[0] = real;
    out[1] = imaginary;
}

void COMPLEX(dotu_sub)(int n, const void *x, int x_step, const void *y, int y_step, void *out)
{
    OWN(complex_dot)(n, x, x_step, y, y_step, 1, out);
}

/* The first one conjugated. */
void COMPLEX(dotc_sub)(int n, const void *x, int x_step, const void *y, int y_step, void *out)
{
    OWN(complex_dot)(n, x, x_step, y, y_step, -1, out);
}

void COMPLEX(axpy)(int n, const void *factor, const void *x, int x_step, void *y, int y_step)
{
    REAL real = ((const REAL *)factor)[0], imaginary = ((const REAL *)factor)[1];
    ptrdiff_t from_step = 2 * (ptrdiff_t)x_step, to_step = 2 * (ptrdiff_t)y_step;
    const REAL *from = (const REAL *)x - (from_step < 0 ? (n - 1) * from_step : 0);
    REAL *to = (REAL *)y - (to_step < 0 ? (n - 1) * to_step : 0);
    for (int i = 0; i < n; i++, from += from_step, to += to_step) {
        to[0] += real * from[0] - imaginary * from[1];
        to[1] += real * from[1] + imaginary * from[0];
    }
}

void COMPLEX(gemv)(enum order order, enum transposed is, int rows, int columns, const void *alpha, const void *matrix,
                   int leading, const void *x, int x_step, const void *beta, void *y, int y_step)
{
    (void)alpha, (void)beta;
    struct OWN(matrix) a = OWN(operand)(order, is, matrix, leading);
    int outputs = is == NOT ? rows : columns, inputs = is == NOT ? columns : rows;
    ptrdiff_t step = 2 * (ptrdiff_t)y_step;
    REAL *to = (REAL *)y - (step < 0 ? (outputs - 1) * step : 0);
    for (int i = 0; i < outputs; i++, to += step) {
        OWN(complex_dot)(inputs, x, x_step, a.at + 2 * i * a.row, a.column, is == CONJUGATED ? -1 : 1, to);
        if (is == CONJUGATED) {
            /* x was conjugated in place of the matrix. */
            to[1] = -to[1];
        }
    }
}

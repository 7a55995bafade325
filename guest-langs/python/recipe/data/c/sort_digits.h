/* The body of sort.c for numbers of one width. Included twice. */

#define SIGN ((NUMBER)1 << (BITS - 1))
#define DIGITS ((BITS + DIGIT - 1) / DIGIT)

static bool OWN(is_nan)(NUMBER bits)
{
    return (bits & ~SIGN) > EXPONENT;
}

/* Moves NaNs behind all others. How many others there are. */
static size_t OWN(without_nans)(NUMBER *numbers, size_t count)
{
    for (size_t i = 0; i < count;) {
        if (OWN(is_nan)(numbers[i])) {
            NUMBER last = numbers[--count];
            numbers[count] = numbers[i];
            numbers[i] = last;
        } else {
            i++;
        }
    }
    return count;
}

/* To an unsigned number of the same order: negative floats have all bits turned, others the sign. */
static NUMBER OWN(key)(NUMBER bits, int kind)
{
    if (kind == UNSIGNED) {
        return bits;
    }
    NUMBER negative = kind == FLOATING ? (NUMBER)0 - (bits >> (BITS - 1)) : 0;
    return bits ^ (negative | SIGN);
}

static NUMBER OWN(number)(NUMBER key, int kind)
{
    if (kind == UNSIGNED) {
        return key;
    }
    NUMBER positive = key >> (BITS - 1);
    NUMBER negative = kind == FLOATING ? positive - 1 : 0;
    return key ^ (negative | SIGN);
}

/* By all digits from the last to the first: the numbers go to and fro between the two arrays. */
static void OWN(by_last_digit)(NUMBER *from, NUMBER *other, size_t count, NUMBER differ, bool into_other, counts counts)
{
    NUMBER *at = from, *to = other;
    memset(counts, 0, DIGITS * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        NUMBER key = from[i];
#pragma clang loop unroll(full)
        for (int digit = 0; digit < DIGITS; digit++) {
            counts[digit][(key >> digit * DIGIT) % VALUES]++;
        }
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        if ((differ >> digit * DIGIT) % VALUES == 0) {
            continue;
        }
        uint32_t *places = counts[digit], sum = 0;
        for (int value = 0; value < VALUES; value++) {
            uint32_t many = places[value];
            places[value] = sum;
            sum += many;
        }
        for (size_t i = 0; i < count; i++) {
            NUMBER key = at[i];
            to[places[(key >> digit * DIGIT) % VALUES]++] = key;
        }
        NUMBER *swapped = at;
        at = to;
        to = swapped;
    }
    if ((at == other) != into_other) {
        memcpy(to, at, count * sizeof *to);
    }
}

static void OWN(by_insertion)(NUMBER *numbers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        NUMBER key = numbers[i];
        size_t place = i;
        for (; place > 0 && numbers[place - 1] > key; place--) {
            numbers[place] = numbers[place - 1];
        }
        numbers[place] = key;
    }
}

/* Sorts `from`. The result lies there, or in `other`, which is as long. Calls itself for the bits after the first
 * eight that differ, so no deeper than there are bits. */
static void OWN(order)(NUMBER *from, NUMBER *other, size_t count, bool into_other, counts counts)
{
    NUMBER differ = 0;
    if (count <= FEW) {
        OWN(by_insertion)(from, count);
    } else {
        for (size_t i = 1; i < count; i++) {
            differ |= from[i] ^ from[0];
        }
    }
    if (differ == 0) {
        if (into_other) {
            memcpy(other, from, count * sizeof *other);
        }
        return;
    }
    if (count >= VALUES && count <= NEAR) {
        OWN(by_last_digit)(from, other, count, differ, into_other, counts);
        return;
    }
    int bits = 64 - __builtin_clzll(differ), shift = bits > 8 ? bits - 8 : 0;
    uint32_t places[257] = {0};
    for (size_t i = 0; i < count; i++) {
        places[1 + (from[i] >> shift & 255)]++;
    }
    for (int part = 1; part <= 256; part++) {
        places[part] += places[part - 1];
    }
    uint32_t next[256];
    memcpy(next, places, sizeof next);
    for (size_t i = 0; i < count; i++) {
        NUMBER key = from[i];
        other[next[key >> shift & 255]++] = key;
    }
    for (int part = 0; part < 256; part++) {
        uint32_t start = places[part], many = places[part + 1] - start;
        if (many > 0) {
            OWN(order)(other + start, from + start, many, !into_other, counts);
        }
    }
}

static bool OWN(sort)(NUMBER *numbers, size_t count, int kind)
{
    NUMBER *other = malloc(count * sizeof *other);
    counts counts = malloc(DIGITS * sizeof *counts);
    if (other == NULL || counts == NULL) {
        free(other);
        free(counts);
        return false;
    }
    if (kind == FLOATING) {
        count = OWN(without_nans)(numbers, count);
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = OWN(key)(numbers[i], kind);
    }
    OWN(order)(numbers, other, count, false, counts);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = OWN(number)(numbers[i], kind);
    }
    free(other);
    free(counts);
    return true;
}

#undef SIGN
#undef DIGITS
#undef BITS
#undef NUMBER
#undef OWN
#undef EXPONENT

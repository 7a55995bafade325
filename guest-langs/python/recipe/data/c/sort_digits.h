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

static bool OWN(sort)(NUMBER *numbers, size_t count, int kind)
{
    NUMBER *other = malloc(count * sizeof *other);
    uint32_t(*counts)[VALUES] = calloc(DIGITS, sizeof *counts);
    if (other == NULL || counts == NULL) {
        free(other);
        free(counts);
        return false;
    }
    if (kind == FLOATING) {
        count = OWN(without_nans)(numbers, count);
    }
    for (size_t i = 0; i < count; i++) {
        NUMBER key = numbers[i] = OWN(key)(numbers[i], kind);
#pragma clang loop unroll(full)
        for (int digit = 0; digit < DIGITS; digit++) {
            counts[digit][(key >> digit * DIGIT) % VALUES]++;
        }
    }
    NUMBER *from = numbers, *to = other;
    for (int digit = 0; digit < DIGITS && count > 0; digit++) {
        uint32_t *places = counts[digit], sum = 0;
        if (places[(from[0] >> digit * DIGIT) % VALUES] == count) {
            continue;
        }
        for (int value = 0; value < VALUES; value++) {
            uint32_t many = places[value];
            places[value] = sum;
            sum += many;
        }
        for (size_t i = 0; i < count; i++) {
            NUMBER key = from[i];
            to[places[(key >> digit * DIGIT) % VALUES]++] = key;
        }
        NUMBER *swapped = from;
        from = to;
        to = swapped;
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = OWN(number)(from[i], kind);
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

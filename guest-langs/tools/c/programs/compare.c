/* The shortest edit between two sequences (E. Myers, "An O(ND) Difference Algorithm and Its
 * Variations"), in linear space: the middle of the path is searched from both ends, then each half.
 * Where the texts have little in common the search is cut short, and the edit may be longer. */
#include "../compare.h"
#include <stdlib.h>
#include <string.h>

struct search {
    const int *a, *b; /* without the lines that only one side has */
    size_t *place_a, *place_b;
    char *changed_a, *changed_b;
    long *forward, *backward; /* furthest places, by diagonal */
    long most;                /* edits after which a search is cut short */
};

struct middle {
    long x, y;
};

/* A point on a good path from (x0, y0) to (x1, y1), neither of which it is. */
static struct middle find_middle(struct search *s, long x0, long x1, long y0, long y1)
{
    long low = x0 - y1, high = x1 - y0, top = x0 - y0, bottom = x1 - y1;
    long f_low = top, f_high = top, b_low = bottom, b_high = bottom;
    bool odd = (top - bottom) & 1;
    long *f = s->forward, *b = s->backward;
    f[top] = x0;
    b[bottom] = x1;
    for (long edits = 1;; edits++) {
        f_low > low ? (f[--f_low - 1] = -1) : ++f_low;
        f_high < high ? (f[++f_high + 1] = -1) : --f_high;
        for (long d = f_high; d >= f_low; d -= 2) {
            long x = f[d - 1] >= f[d + 1] ? f[d - 1] + 1 : f[d + 1], y = x - d;
            while (x < x1 && y < y1 && s->a[x] == s->b[y]) {
                x++;
                y++;
            }
            f[d] = x;
            if (odd && b_low <= d && d <= b_high && b[d] <= x) {
                return (struct middle){x, y};
            }
        }
        b_low > low ? (b[--b_low - 1] = x1 + 1) : ++b_low;
        b_high < high ? (b[++b_high + 1] = x1 + 1) : --b_high;
        for (long d = b_high; d >= b_low; d -= 2) {
            long x = b[d - 1] < b[d + 1] ? b[d - 1] : b[d + 1] - 1, y = x - d;
            while (x > x0 && y > y0 && s->a[x - 1] == s->b[y - 1]) {
                x--;
                y--;
            }
            b[d] = x;
            if (!odd && f_low <= d && d <= f_high && x <= f[d]) {
                return (struct middle){x, y};
            }
        }
        if (edits >= s->most) {
            /* The place that got furthest, from one end or the other. */
            struct middle best = {x0, y0};
            long reached = -1, left = x1 + y1 + 1;
            struct middle other = {x1, y1};
            for (long d = f_high; d >= f_low; d -= 2) {
                long x = f[d] < x1 ? f[d] : x1, y = x - d;
                if (y > y1) {
                    y = y1;
                    x = y + d;
                }
                if (x + y > reached) {
                    reached = x + y;
                    best = (struct middle){x, y};
                }
            }
            for (long d = b_high; d >= b_low; d -= 2) {
                long x = b[d] > x0 ? b[d] : x0, y = x - d;
                if (y < y0) {
                    y = y0;
                    x = y + d;
                }
                if (x + y < left) {
                    left = x + y;
                    other = (struct middle){x, y};
                }
            }
            return (x1 + y1) - left < reached - (x0 + y0) ? best : other;
        }
    }
}

static void walk(struct search *s, long x0, long x1, long y0, long y1)
{
    for (;;) {
        while (x0 < x1 && y0 < y1 && s->a[x0] == s->b[y0]) {
            x0++;
            y0++;
        }
        while (x0 < x1 && y0 < y1 && s->a[x1 - 1] == s->b[y1 - 1]) {
            x1--;
            y1--;
        }
        if (x0 == x1 || y0 == y1) {
            for (; y0 < y1; y0++) {
                s->changed_b[s->place_b[y0]] = 1;
            }
            for (; x0 < x1; x0++) {
                s->changed_a[s->place_a[x0]] = 1;
            }
            return;
        }
        struct middle at = find_middle(s, x0, x1, y0, y1);
        walk(s, x0, at.x, y0, at.y);
        x0 = at.x;
        y0 = at.y;
    }
}

/* ---- where a run of changed lines stands, when it may stand in several places ---- */

/* Whether the other side has changed lines behind its first `n` unchanged ones, for each n. */
static char *gaps_of(const struct side *side)
{
    char *gaps = calloc(side->count + 2, 1);
    size_t unchanged = 0;
    for (size_t at = 0; at < side->count; at++) {
        if (side->changed[at]) {
            gaps[unchanged] = 1;
        }
        else {
            unchanged++;
        }
    }
    return gaps;
}

/* Each run goes down as far as its lines allow, but stays beside a run of the other side. */
static void settle(struct side *side, const struct side *other)
{
    char *gaps = gaps_of(other), *changed = side->changed;
    const int *lines = side->lines;
    size_t unchanged = 0;
    for (size_t start = 0; start < side->count;) {
        if (!changed[start]) {
            start++;
            unchanged++;
            continue;
        }
        size_t end = start;
        while (end < side->count && changed[end]) {
            end++;
        }
        size_t first = start, last = end, before = unchanged;
        while (first > 0 && !changed[first - 1] && lines[first - 1] == lines[last - 1]) {
            first--;
            last--;
            before--;
        }
        size_t best = first, best_before = before;
        bool beside = gaps[before];
        for (size_t from = first, to = last, n = before;; n++) {
            if (gaps[n] || !beside) {
                best = from;
                best_before = n;
                beside = beside || gaps[n];
            }
            bool inside = to < end || (to < side->count && !changed[to]);
            if (!inside || lines[from] != lines[to]) {
                break;
            }
            from++;
            to++;
        }
        size_t length = end - start;
        memset(changed + start, 0, length);
        memset(changed + best, 1, length);
        unchanged = best_before;
        start = best + length;
        while (start < side->count && changed[start]) {
            start++;
        }
    }
    free(gaps);
}

/* ---- both ---- */

/* How often each number is there. */
static int *counts_of(const struct side *side, size_t kinds)
{
    int *counts = calloc(kinds + 1, sizeof *counts);
    for (size_t at = 0; at < side->count; at++) {
        counts[side->lines[at]]++;
    }
    return counts;
}

/* The lines that the other side has somewhere; the others are changed, whatever the path. */
static size_t common(const struct side *side, size_t from, size_t to, const int *there, int *lines, size_t *places)
{
    size_t count = 0;
    for (size_t at = from; at < to; at++) {
        if (there[side->lines[at]] > 0) {
            lines[count] = side->lines[at];
            places[count++] = at;
        }
        else {
            side->changed[at] = 1;
        }
    }
    return count;
}

void compare(struct side *left, struct side *right)
{
    size_t kinds = 0, from = 0, l_end = left->count, r_end = right->count;
    const struct side *sides[] = {left, right};
    for (int which = 0; which < 2; which++) {
        for (size_t at = 0; at < sides[which]->count; at++) {
            if ((size_t)sides[which]->lines[at] > kinds) {
                kinds = (size_t)sides[which]->lines[at];
            }
        }
    }
    while (from < l_end && from < r_end && left->lines[from] == right->lines[from]) {
        from++;
    }
    while (l_end > from && r_end > from && left->lines[l_end - 1] == right->lines[r_end - 1]) {
        l_end--;
        r_end--;
    }
    int *in_left = counts_of(left, kinds), *in_right = counts_of(right, kinds);
    size_t places = (l_end - from) + (r_end - from) + 2;
    int *lines = malloc(places * sizeof *lines);
    size_t *place = malloc(places * sizeof *place);
    size_t l_count = common(left, from, l_end, in_right, lines, place);
    size_t r_count = common(right, from, r_end, in_left, lines + l_count, place + l_count);
    long *diagonals = malloc(2 * (l_count + r_count + 3) * sizeof *diagonals);
    struct search search = {
        .a = lines, .b = lines + l_count, .place_a = place, .place_b = place + l_count,
        .changed_a = left->changed, .changed_b = right->changed,
        .forward = diagonals + r_count + 1, .backward = diagonals + (l_count + r_count + 3) + r_count + 1, .most = 256,
    };
    for (size_t size = l_count + r_count; size != 0; size >>= 2) {
        search.most <<= 1;
    }
    walk(&search, 0, (long)l_count, 0, (long)r_count);
    free(diagonals);
    free(place);
    free(lines);
    free(in_left);
    free(in_right);
    settle(left, right);
    settle(right, left);
}

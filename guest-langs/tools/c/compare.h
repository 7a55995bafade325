/* Which lines of two files differ. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Two texts as numbers, one for each line, the same for lines that count as the same; `changed` is
 * filled: 1 for lines that the other text has not at that place. It has one place more than there
 * are lines. */
struct side {
    size_t count;
    const int *lines;
    char *changed;
};

void compare(struct side *left, struct side *right);

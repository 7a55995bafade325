/* POSIX patterns as PCRE2's. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct translation {
    char *text;
    size_t length;
    bool refers_back;
};

/* NULL, or what is wrong with the pattern in the words of POSIX. */
const char *translate(const char *pattern, size_t length, bool extended, struct translation *result);
/* A pattern that matches this text and nothing else. */
void quote(const char *text, size_t length, struct translation *result);

/* Patterns as grep takes them, over PCRE2. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum dialect { BASIC, EXTENDED, FIXED, PERL };

struct regex_options {
    enum dialect dialect;
    bool any_case, whole_word, whole_line;
    bool ends_with_nul; /* lines do, not with a line feed */
};

struct regex;

/* All of the patterns, separated by line feeds. Exits with status 2 and a message when one is wrong. */
struct regex *regex_new(const char *tool, const char *patterns, size_t length, const struct regex_options *options);

struct span {
    size_t start, end;
};

/* Whether lines may be searched many at a time: a match found in a text of lines says where to look. */
bool regex_crosses_lines(const struct regex *regex);
/* The first match at or behind `from` in `text`; the longest there when `longest`. */
bool regex_find(struct regex *regex, const char *text, size_t length, size_t from, bool longest, struct span *found);

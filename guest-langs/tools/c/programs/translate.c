/* POSIX patterns, basic and extended, written as PCRE2's. */
#include "../translate.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    char *text;
    size_t length, room;
    /* Where the last thing starts that a repetition may follow; none: -1. */
    long atom;
    bool repeated; /* and whether one follows it already */
    size_t groups[256];
    int depth;
};

static void put(struct writer *out, const char *text, size_t length)
{
    if (out->length + length + 1 > out->room) {
        out->room = 2 * (out->length + length + 32);
        out->text = realloc(out->text, out->room);
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

static void put_text(struct writer *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_literal(struct writer *out, char character)
{
    if (strchr("\\^$.[|()?*+{}", character) != NULL && character != '\0') {
        put(out, "\\", 1);
    }
    if (character == '\0') {
        put_text(out, "\\x00");
        return;
    }
    put(out, &character, 1);
}

static void atom_here(struct writer *out)
{
    out->atom = (long)out->length;
    out->repeated = false;
}

/* A repetition of the last atom. What is repeated twice is put into a group: PCRE2 takes `*?` and
 * `*+` for something else. */
static void repeat(struct writer *out, const char *how, size_t length)
{
    if (out->repeated) {
        size_t at = (size_t)out->atom, tail = out->length - at;
        put_text(out, "    ");
        memmove(out->text + at + 3, out->text + at, tail);
        memcpy(out->text + at, "(?:", 3);
        out->text[at + 3 + tail] = ')';
        out->length = at + tail + 4;
        out->text[out->length] = '\0';
    }
    put(out, how, length);
    out->repeated = true;
}

/* A list between brackets, from behind the first; returns the place behind it, or NULL. */
static const char *list(struct writer *out, const char *at, const char *end)
{
    put(out, "[", 1);
    if (at < end && *at == '^') {
        put(out, "^", 1);
        at++;
    }
    bool first = true;
    for (; at < end && (first || *at != ']'); first = false) {
        if (*at == '[' && at + 1 < end && strchr(":.=", at[1]) != NULL) {
            char kind = at[1];
            const char *close = at + 2;
            while (close + 1 < end && !(close[0] == kind && close[1] == ']')) {
                close++;
            }
            if (close + 1 >= end) {
                return NULL;
            }
            if (kind == ':') {
                put(out, at, (size_t)(close + 2 - at));
            }
            else {
                for (const char *inner = at + 2; inner < close; inner++) {
                    put_literal(out, *inner);
                }
            }
            at = close + 2;
        }
        else {
            if (strchr("\\[]^", *at) != NULL) {
                put(out, "\\", 1);
            }
            put(out, at++, 1);
        }
    }
    if (at >= end) {
        return NULL;
    }
    put(out, "]", 1);
    return at + 1;
}

/* The length of `{n}`, `{n,}`, `{,m}` or `{n,m}` at this place up to its brace, escaped or not; 0: none. */
static size_t interval(const char *at, const char *end, bool basic, char *text)
{
    const char *start = at;
    char low[8] = "", high[8] = "";
    size_t digits = 0;
    bool comma = false;
    for (; at < end && isdigit((unsigned char)*at) && digits < 6; at++) {
        low[digits++] = *at;
    }
    if (at < end && *at == ',') {
        comma = true;
        at++;
        for (digits = 0; at < end && isdigit((unsigned char)*at) && digits < 6; at++) {
            high[digits++] = *at;
        }
    }
    if (at == start || (basic && (at >= end || *at++ != '\\')) || at >= end || *at != '}') {
        return 0;
    }
    strcpy(text, "{");
    strcat(text, low[0] ? low : "0");
    strcat(text, comma ? "," : "");
    strcat(text, high);
    strcat(text, "}");
    return (size_t)(at + 1 - start);
}

const char *translate(const char *pattern, size_t length, bool extended, struct translation *result)
{
    struct writer writer = {.atom = -1}, *out = &writer;
    const char *at = pattern, *end = pattern + length;
    bool start = true; /* of the pattern, a group or an alternative */
    put_text(out, "");
    while (at < end) {
        char c = *at++;
        bool escaped = false;
        if (c == '\\') {
            if (at == end) {
                return "Trailing backslash";
            }
            c = *at++;
            escaped = true;
        }
        bool operator = escaped != extended;
        if (operator && c == '(') {
            if (out->depth == 256) {
                return "Regular expression too big";
            }
            out->groups[out->depth++] = out->length;
            put_text(out, "(");
            out->atom = -1;
            start = true;
            continue;
        }
        if (operator && c == ')') {
            if (out->depth == 0) {
                return "Unmatched ) or \\)";
            }
            put_text(out, ")");
            out->atom = (long)out->groups[--out->depth];
            out->repeated = false;
            start = false;
            continue;
        }
        if (operator && c == '|') {
            put_text(out, "|");
            out->atom = -1;
            start = true;
            continue;
        }
        if (operator && c == '{') {
            char text[24];
            size_t taken = interval(at, end, !extended, text);
            if (taken > 0 && out->atom >= 0) {
                repeat(out, text, strlen(text));
                at += taken;
                continue;
            }
            if (!extended) {
                return "Invalid preceding regular expression";
            }
        }
        if (((operator && (c == '+' || c == '?')) || (!escaped && c == '*')) && out->atom >= 0) {
            repeat(out, &c, 1);
            continue;
        }
        if (!escaped && c == '^' && (extended || start)) {
            put_text(out, "^");
            out->atom = -1;
            start = !extended;
            continue;
        }
        bool last = at == end || (!extended && end - at >= 2 && at[0] == '\\' && (at[1] == ')' || at[1] == '|'));
        if (!escaped && c == '$' && (extended || last)) {
            put_text(out, "$");
            out->atom = -1;
            continue;
        }
        start = false;
        atom_here(out);
        if (!escaped && c == '[') {
            at = list(out, at, end);
            if (at == NULL) {
                return "Unmatched [, [^, [:, [., or [=";
            }
        }
        else if (!escaped && c == '.') {
            put_text(out, ".");
        }
        else if (escaped && c >= '1' && c <= '9') {
            char text[] = {'\\', 'g', '{', c, '}', '\0'};
            put_text(out, text);
            result->refers_back = true;
        }
        else if (escaped && strchr("bBwWsS", c) != NULL) {
            char text[] = {'\\', c, '\0'};
            put_text(out, text);
        }
        else if (escaped && strchr("<>`'", c) != NULL) {
            put_text(out, c == '<' ? "\\b(?=\\w)" : c == '>' ? "\\b(?<=\\w)" : c == '`' ? "\\A" : "\\z");
            out->atom = -1;
        }
        else {
            put_literal(out, c);
            /* All bytes of a character belong together. */
            while ((unsigned char)c >= 0xc0 && at < end && ((unsigned char)*at & 0xc0) == 0x80) {
                put(out, at++, 1);
            }
        }
    }
    if (out->depth > 0) {
        return "Unmatched ( or \\(";
    }
    result->text = out->text;
    result->length = out->length;
    return NULL;
}

void quote(const char *pattern, size_t length, struct translation *result)
{
    struct writer out = {0};
    put_text(&out, "");
    for (size_t at = 0; at < length; at++) {
        put_literal(&out, pattern[at]);
    }
    result->text = out.text;
    result->length = out.length;
}

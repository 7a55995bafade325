#include "../regex.h"
#include "../programs.h"
#include "../translate.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKSPACE = 4096, LONG_TEXT = 4096 };

struct regex {
    const char *tool;
    char *text;       /* all patterns as one of PCRE2's */
    size_t length;
    uint32_t options;
    bool perl, refers_back;
    /* One plain text and nothing else, for the quickest way. */
    char *plain;
    size_t plain_length;
    /* For bytes and for characters, made when first wanted. */
    pcre2_code *codes[2];
    pcre2_match_data *match;
    pcre2_compile_context *context;
    int workspace[WORKSPACE];
};

static _Noreturn void refuse(const char *tool, const char *reason)
{
    complain(tool, "%s", reason);
    exit(2);
}

static void append(struct regex *regex, const char *text, size_t length)
{
    regex->text = realloc(regex->text, regex->length + length + 1);
    memcpy(regex->text + regex->length, text, length);
    regex->length += length;
}

struct regex *regex_new(const char *tool, const char *patterns, size_t length, const struct regex_options *options)
{
    struct regex *regex = calloc(1, sizeof *regex);
    regex->tool = tool;
    regex->perl = options->dialect == PERL;
    regex->options = PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | (options->any_case ? PCRE2_CASELESS : 0);
    regex->context = pcre2_compile_context_create(NULL);
    pcre2_set_newline(regex->context, options->ends_with_nul ? PCRE2_NEWLINE_NUL : PCRE2_NEWLINE_LF);
    const char *before = options->whole_line ? "^(?:" : options->whole_word ? "(?<!\\w)(?:" : "(?:";
    const char *behind = options->whole_line ? ")$" : options->whole_word ? ")(?!\\w)" : ")";
    const char *at = patterns, *end = patterns + length;
    int count = 0;
    append(regex, before, strlen(before));
    for (;;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) {
            stop = end;
        }
        struct translation made = {0};
        if (options->dialect == PERL) {
            made.text = (char *)at;
            made.length = (size_t)(stop - at);
        }
        else if (options->dialect == FIXED) {
            quote(at, (size_t)(stop - at), &made);
        }
        else {
            const char *fault = translate(at, (size_t)(stop - at), options->dialect == EXTENDED, &made);
            if (fault != NULL) {
                refuse(tool, fault);
            }
        }
        if (count++ > 0) {
            append(regex, "|", 1);
            if (made.refers_back) {
                refuse(tool, "back-references in several patterns at once are not supported");
            }
        }
        append(regex, made.text, made.length);
        regex->refers_back |= made.refers_back;
        if (stop == end) {
            break;
        }
        at = stop + 1;
    }
    append(regex, behind, strlen(behind));
    if (!regex->refers_back && !regex->perl) {
        regex->options |= PCRE2_NO_AUTO_CAPTURE;
    }
    bool bare = options->dialect == FIXED || strcspn(patterns, "\\^$.[]|()?*+{}") == length;
    if (count == 1 && length > 0 && bare && !options->any_case && !options->whole_line && !options->whole_word) {
        regex->plain = malloc(length);
        memcpy(regex->plain, patterns, length);
        regex->plain_length = length;
    }
    /* A fault of the pattern is told before any file is opened. */
    struct span none;
    regex_find(regex, "", 0, 0, false, &none);
    regex_find(regex, "\303\240", 2, 2, false, &none);
    return regex;
}

bool regex_crosses_lines(const struct regex *regex)
{
    return !regex->perl;
}

static pcre2_code *code_for(struct regex *regex, bool characters)
{
    if (regex->codes[characters] == NULL) {
        int error;
        size_t place;
        uint32_t options = regex->options | (characters ? PCRE2_UTF | PCRE2_UCP : 0);
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex->text, regex->length, options, &error, &place, regex->context);
        if (code == NULL) {
            char reason[256];
            pcre2_get_error_message(error, (PCRE2_UCHAR *)reason, sizeof reason);
            refuse(regex->tool, reason);
        }
        regex->codes[characters] = code;
        if (regex->match == NULL) {
            regex->match = pcre2_match_data_create_from_pattern(code, NULL);
        }
    }
    return regex->codes[characters];
}

/* 0: all ASCII; 1: UTF-8; -1: something else. */
static int script_of(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    int script = 0;
    while (at < end) {
        uint64_t eight;
        while (end - at >= 8 && (memcpy(&eight, at, 8), (eight & 0x8080808080808080) == 0)) {
            at += 8;
        }
        if (at == end) {
            break;
        }
        unsigned char lead = *at++;
        if (lead < 0x80) {
            continue;
        }
        int more = lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc2 && lead < 0xe0 ? 1 : -1;
        if (more < 0 || end - at < more) {
            return -1;
        }
        unsigned char next = *at;
        if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) || (lead == 0xf0 && next < 0x90) ||
            (lead == 0xf4 && next > 0x8f)) {
            return -1;
        }
        while (more-- > 0) {
            if ((*at++ & 0xc0) != 0x80) {
                return -1;
            }
        }
        script = 1;
    }
    return script;
}

bool regex_find(struct regex *regex, const char *text, size_t length, size_t from, bool longest, struct span *found)
{
    if (regex->plain != NULL) {
        const char *at = memmem(text + from, length - from, regex->plain, regex->plain_length);
        if (at == NULL) {
            return false;
        }
        found->start = (size_t)(at - text);
        found->end = found->start + regex->plain_length;
        return true;
    }
    /* A long text is looked at once: it is searched many times, from different places. */
    static const char *known;
    static size_t known_length;
    static int known_script;
    int script;
    if (length < LONG_TEXT) {
        script = script_of(text, length);
    }
    else {
        if (text != known || length != known_length || from == 0) {
            known = text;
            known_length = length;
            known_script = script_of(text, length);
        }
        script = known_script;
    }
    pcre2_code *code = code_for(regex, script == 1);
    int result;
    if (longest && !regex->perl && !regex->refers_back) {
        result = pcre2_dfa_match(code, (PCRE2_SPTR)text, length, from, PCRE2_NO_UTF_CHECK, regex->match, NULL,
                                 regex->workspace, WORKSPACE);
    }
    else {
        result = pcre2_match(code, (PCRE2_SPTR)text, length, from, PCRE2_NO_UTF_CHECK, regex->match, NULL);
        /* Patterns that go back too often are tried another way, which never goes back. */
        if (result == PCRE2_ERROR_MATCHLIMIT && !regex->perl && !regex->refers_back) {
            result = pcre2_dfa_match(code, (PCRE2_SPTR)text, length, from, PCRE2_NO_UTF_CHECK, regex->match, NULL,
                                     regex->workspace, WORKSPACE);
        }
    }
    if (result == PCRE2_ERROR_NOMATCH) {
        return false;
    }
    if (result < 0) {
        char reason[256];
        pcre2_get_error_message(result, (PCRE2_UCHAR *)reason, sizeof reason);
        refuse(regex->tool, reason);
    }
    size_t *places = pcre2_get_ovector_pointer(regex->match);
    found->start = places[0];
    found->end = places[1];
    return true;
}

/* The words of a command line, and what is said to people. */
#include "git.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void put(const char *head, const char *format, va_list rest)
{
    fflush(stdout);
    fputs(head, stderr);
    vfprintf(stderr, format, rest);
    fputc('\n', stderr);
}

void die(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    put("fatal: ", format, rest);
    va_end(rest);
    exit(FATAL);
}

void fail(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    put("error: ", format, rest);
    va_end(rest);
    exit(ENDED_BADLY);
}

int complain(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    put("error: ", format, rest);
    va_end(rest);
    return ENDED_BADLY;
}

void say(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    put("", format, rest);
    va_end(rest);
}

void usage(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    put("usage: ", format, rest);
    va_end(rest);
    exit(USAGE);
}

const char *why(void)
{
    const git_error *last = git_error_last();
    return last == NULL || last->message == NULL ? "something failed" : last->message;
}

void must(int result)
{
    if (result < 0) {
        die("%s", why());
    }
}

void *room(void *before, size_t size)
{
    void *found = realloc(before, size == 0 ? 1 : size);
    if (found == NULL) {
        die("Out of memory");
    }
    return found;
}

char *text(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    char *made = NULL;
    if (vasprintf(&made, format, rest) < 0) {
        die("Out of memory");
    }
    va_end(rest);
    return made;
}

/* ---- options ---- */

struct words words_of(int argc, char **argv, const struct choice *choices)
{
    struct words words = {.command = argv[0], .choices = choices, .list = argv, .count = argc, .at = 1, .dashes = -1};
    words.rest = room(NULL, ((size_t)argc + 1) * sizeof *words.rest);
    words.rest[0] = NULL;
    return words;
}

static void keep(struct words *words, char *word)
{
    words->rest[words->rest_count++] = word;
    words->rest[words->rest_count] = NULL;
}

static _Noreturn void unknown(const struct words *words, const char *name, bool is_letter)
{
    fflush(stdout);
    fprintf(stderr, is_letter ? "error: unknown switch `%.1s'\n" : "error: unknown option `%s'\n", name);
    fprintf(stderr, "usage: git %s [<options>]\n", words->command);
    exit(USAGE);
}

static const char *take_value(struct words *words, const char *name, bool is_letter)
{
    if (words->at >= words->count) {
        fflush(stdout);
        fprintf(stderr, is_letter ? "error: switch `%.1s' requires a value\n" : "error: option `%s' requires a value\n", name);
        exit(USAGE);
    }
    return words->list[words->at++];
}

static int long_option(struct words *words, const char *name)
{
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct choice *found = NULL;
    bool negated = false;
    int likely = 0;
    for (int round = 0; round < 2 && found == NULL; round++) {
        /* Second, whatever begins so and is the only one. */
        for (const struct choice *choice = words->choices; choice->id != 0 && !(round == 0 && found != NULL); choice++) {
            if (choice->name == NULL) {
                continue;
            }
            size_t whole = strlen(choice->name);
            if (strncmp(choice->name, name, length) == 0 && (round == 1 || whole == length)) {
                likely += found == NULL || found->id != choice->id;
                found = choice;
                negated = false;
            }
            else if (length > 3 && strncmp(name, "no-", 3) == 0 && whole == length - 3
                     && strncmp(choice->name, name + 3, length - 3) == 0) {
                found = choice;
                negated = true;
                likely = 1;
            }
        }
    }
    if (found == NULL) {
        unknown(words, name, false);
    }
    if (likely > 1) {
        fflush(stdout);
        fprintf(stderr, "error: ambiguous option: %s\n", name);
        exit(USAGE);
    }
    words->negated = negated;
    words->value = value;
    if (!negated && found->value == NEEDED && value == NULL) {
        words->value = take_value(words, name, false);
    }
    if (!negated && found->value == LAST && value == NULL && words->at < words->count) {
        words->value = words->list[words->at++];
    }
    if (value != NULL && (found->value == NONE || negated)) {
        fflush(stdout);
        fprintf(stderr, "error: option `%.*s' takes no value\n", (int)length, name);
        exit(USAGE);
    }
    return found->id;
}

static int short_option(struct words *words)
{
    const char *letter = words->group++;
    words->negated = false;
    words->value = NULL;
    if (*letter >= '0' && *letter <= '9') {
        for (const struct choice *choice = words->choices; choice->id != 0; choice++) {
            if (choice->id == NUMBER) {
                words->value = letter;
                words->group += strspn(words->group, "0123456789");
                return NUMBER;
            }
        }
    }
    for (const struct choice *choice = words->choices; choice->id != 0; choice++) {
        if (choice->letter == *letter && *letter != '\0') {
            if (choice->value != NONE && *words->group != '\0') {
                words->value = words->group;
                words->group = NULL;
            }
            else if (choice->value == NEEDED || (choice->value == LAST && words->at < words->count)) {
                words->value = take_value(words, letter, true);
            }
            return choice->id;
        }
    }
    unknown(words, letter, true);
}

int next_option(struct words *words)
{
    if (words->group != NULL && *words->group != '\0') {
        return short_option(words);
    }
    words->group = NULL;
    while (words->at < words->count) {
        char *word = words->list[words->at++];
        if (strcmp(word, "--") == 0) {
            words->dashes = words->rest_count;
            break;
        }
        if (word[0] != '-' || word[1] == '\0') {
            keep(words, word);
            if (words->stops) {
                break;
            }
        }
        else if (word[1] == '-') {
            return long_option(words, word + 2);
        }
        else {
            words->group = word + 1;
            return short_option(words);
        }
    }
    while (words->at < words->count) {
        keep(words, words->list[words->at++]);
    }
    return 0;
}

/* ---- paths ---- */

char *quoted(const char *path)
{
    static const char special[] = "\a\b\t\n\v\f\r\"\\", letters[] = "abtnvfr\"\\";
    bool plain = true, all = setting_is_on("core.quotepath", true);
    for (const unsigned char *at = (const unsigned char *)path; *at != '\0'; at++) {
        plain &= *at >= 0x20 && *at != '"' && *at != '\\' && *at != 0x7f && (*at < 0x80 || !all);
    }
    if (plain) {
        return text("%s", path);
    }
    char *out = room(NULL, strlen(path) * 4 + 3), *to = out;
    *to++ = '"';
    for (const unsigned char *at = (const unsigned char *)path; *at != '\0'; at++) {
        const char *known = strchr(special, *at);
        if (known != NULL) {
            *to++ = '\\';
            *to++ = letters[known - special];
        }
        else if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && all)) {
            to += sprintf(to, "\\%03o", *at);
        }
        else {
            *to++ = (char)*at;
        }
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

void put_path(const char *path, char end)
{
    if (end == '\0') {
        fputs(path, stdout);
    }
    else {
        char *shown = quoted(path);
        fputs(shown, stdout);
        free(shown);
    }
    putchar(end);
}

/* ---- lists ---- */

void texts_add(struct texts *texts, const char *value)
{
    if ((texts->count & (texts->count - 1)) == 0) {
        texts->list = room(texts->list, (texts->count == 0 ? 1 : texts->count * 2) * sizeof *texts->list);
    }
    texts->list[texts->count++] = text("%s", value);
}

bool texts_have(const struct texts *texts, const char *value)
{
    for (size_t at = 0; at < texts->count; at++) {
        if (strcmp(texts->list[at], value) == 0) {
            return true;
        }
    }
    return false;
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void texts_sort(struct texts *texts)
{
    if (texts->count > 1) {
        qsort(texts->list, texts->count, sizeof *texts->list, by_bytes);
    }
}

/* join, shuf and csplit. */
#include "../programs.h"
#include "../regex.h"
#include "../unix.h"
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_input(const char *tool, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (file == NULL) {
        complain(tool, "%s: %s", path, strerror(errno));
        exit(1);
    }
    return file;
}

/* The next line without its end, to be freed; NULL at the end. */
static char *next_line(FILE *file, int end)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length = getdelim(&line, &room, end, file);
    if (length < 0) {
        free(line);
        return NULL;
    }
    if (line[length - 1] == end) {
        line[length - 1] = '\0';
    }
    return line;
}

static void *grown(void *list, size_t count, size_t size)
{
    /* Doubled at each power of two. */
    return (count & (count - 1)) == 0 ? realloc(list, (count == 0 ? 1 : 2 * count) * size) : list;
}

/* ---- join ---- */

struct row {
    char *line, **fields;
    size_t count;
};

static char separator;
static bool join_any_case, auto_format;
static const char *empty_field = "", *format;
static size_t widths[2];

static struct row split_row(char *line)
{
    struct row row = {.line = line};
    for (char *at = line; at != NULL;) {
        if (separator == '\0') {
            at += strspn(at, " \t");
            if (*at == '\0') {
                break;
            }
        }
        row.fields = grown(row.fields, row.count, sizeof *row.fields);
        row.fields[row.count++] = at;
        char *end = separator == '\0' ? at + strcspn(at, " \t") : strchr(at, separator);
        if (end == NULL || *end == '\0') {
            break;
        }
        *end = '\0';
        at = end + 1;
    }
    return row;
}

static const char *field(const struct row *row, size_t number)
{
    return row != NULL && number < row->count && row->fields[number][0] != '\0' ? row->fields[number] : NULL;
}

static void put_field(const char *text, bool *first)
{
    if (!*first) {
        putchar(separator == '\0' ? ' ' : separator);
    }
    *first = false;
    fputs(text == NULL ? empty_field : text, stdout);
}

static void put_joined(const struct row *left, const struct row *right, const size_t *keys)
{
    const struct row *rows[] = {left, right};
    const char *key = left != NULL ? field(left, keys[0]) : field(right, keys[1]);
    bool first = true;
    if (format != NULL) {
        for (const char *at = format; *at != '\0';) {
            size_t length = strcspn(at, ", ");
            if (at[0] == '0') {
                put_field(key, &first);
            }
            else if (length >= 3) {
                put_field(field(rows[at[0] == '2'], (size_t)atol(at + 2) - 1), &first);
            }
            at += length;
            at += strspn(at, ", ");
        }
        putchar('\n');
        return;
    }
    put_field(key == NULL ? "" : key, &first);
    for (int which = 0; which < 2; which++) {
        size_t count = auto_format ? widths[which] : rows[which] == NULL ? 0 : rows[which]->count;
        for (size_t at = 0; at < count; at++) {
            if (at != keys[which]) {
                put_field(field(rows[which], at), &first);
            }
        }
    }
    putchar('\n');
}

struct table {
    struct row *rows;
    size_t count;
};

static struct table read_table(const char *path)
{
    struct table table = {0};
    FILE *file = open_input("join", path);
    char *line;
    while ((line = next_line(file, '\n')) != NULL) {
        table.rows = grown(table.rows, table.count, sizeof *table.rows);
        table.rows[table.count++] = split_row(line);
    }
    return table;
}

static int compare_keys(const struct row *left, const struct row *right, const size_t *keys)
{
    const char *a = field(left, keys[0]), *b = field(right, keys[1]);
    a = a == NULL ? "" : a;
    b = b == NULL ? "" : b;
    return join_any_case ? strcasecmp(a, b) : strcmp(a, b);
}

int join_main(int argc, char **argv)
{
    bool unpaired[2] = {false, false}, paired = true;
    size_t keys[2] = {0, 0};
    int letter;
    while ((letter = getopt(argc, argv, "1:2:j:t:a:v:e:o:i")) != -1) {
        int which = optarg == NULL ? 0 : optarg[0] == '2';
        switch (letter) {
        case '1': keys[0] = (size_t)atol(optarg) - 1; break;
        case '2': keys[1] = (size_t)atol(optarg) - 1; break;
        case 'j': keys[0] = keys[1] = (size_t)atol(optarg) - 1; break;
        case 't': separator = strcmp(optarg, "\\t") == 0 ? '\t' : optarg[0]; break;
        case 'v': paired = false; /* fall through */
        case 'a': unpaired[which] = true; break;
        case 'e': empty_field = optarg; break;
        case 'o': auto_format = strcmp(optarg, "auto") == 0; format = auto_format ? NULL : optarg; break;
        case 'i': join_any_case = true; break;
        default: return 1;
        }
    }
    if (argc - optind != 2) {
        return complain("join", "two files are wanted");
    }
    struct table left = read_table(argv[optind]), right = read_table(argv[optind + 1]);
    widths[0] = left.count > 0 ? left.rows[0].count : 0;
    widths[1] = right.count > 0 ? right.rows[0].count : 0;
    size_t i = 0, j = 0;
    while (i < left.count || j < right.count) {
        int order = i == left.count ? 1 : j == right.count ? -1 : compare_keys(&left.rows[i], &right.rows[j], keys);
        if (order != 0) {
            int which = order > 0;
            if (unpaired[which]) {
                put_joined(which ? NULL : &left.rows[i], which ? &right.rows[j] : NULL, keys);
            }
            i += order < 0;
            j += order > 0;
            continue;
        }
        size_t i_end = i, j_end = j;
        while (i_end < left.count && compare_keys(&left.rows[i_end], &right.rows[j], keys) == 0) {
            i_end++;
        }
        while (j_end < right.count && compare_keys(&left.rows[i], &right.rows[j_end], keys) == 0) {
            j_end++;
        }
        for (size_t a = i; paired && a < i_end; a++) {
            for (size_t b = j; b < j_end; b++) {
                put_joined(&left.rows[a], &right.rows[b], keys);
            }
        }
        i = i_end;
        j = j_end;
    }
    return fflush(stdout) != 0;
}

/* ---- shuf ---- */

/* A number below `bound`, each as likely. */
static uint32_t random_below(uint32_t bound)
{
    uint32_t number, edge = -bound % bound;
    do {
        getentropy(&number, sizeof number);
    } while (number < edge);
    return number % bound;
}

int shuf_main(int argc, char **argv)
{
    static const struct option names[] = {
        {"echo", no_argument, NULL, 'e'}, {"input-range", required_argument, NULL, 'i'}, {"head-count", required_argument, NULL, 'n'},
        {"repeat", no_argument, NULL, 'r'}, {"zero-terminated", no_argument, NULL, 'z'}, {"output", required_argument, NULL, 'o'}, {0},
    };
    bool arguments = false, repeats = false, limited = false;
    long low = 0, high = -1;
    size_t limit = 0, count = 0;
    int end = '\n', letter;
    while ((letter = getopt_long(argc, argv, "ei:n:rzo:", names, NULL)) != -1) {
        switch (letter) {
        case 'e': arguments = true; break;
        case 'i':
            if (sscanf(optarg, "%ld-%ld", &low, &high) != 2 || high < low) {
                return complain("shuf", "invalid input range: '%s'", optarg);
            }
            break;
        case 'n': limited = true; limit = (size_t)strtoull(optarg, NULL, 10); break;
        case 'r': repeats = true; break;
        case 'z': end = '\0'; break;
        case 'o':
            if (freopen(optarg, "w", stdout) == NULL) {
                return complain("shuf", "%s: %s", optarg, strerror(errno));
            }
            break;
        default: return 1;
        }
    }
    char **lines = NULL;
    if (high >= low) {
        for (long number = low; number <= high; number++) {
            char text[24];
            snprintf(text, sizeof text, "%ld", number);
            lines = grown(lines, count, sizeof *lines);
            lines[count++] = strdup(text);
        }
    }
    else if (arguments) {
        lines = argv + optind;
        count = (size_t)(argc - optind);
    }
    else {
        FILE *file = open_input("shuf", optind < argc ? argv[optind] : "-");
        char *line;
        while ((line = next_line(file, end)) != NULL) {
            lines = grown(lines, count, sizeof *lines);
            lines[count++] = line;
        }
    }
    if (count == 0) {
        return repeats ? complain("shuf", "no lines to repeat") : 0;
    }
    for (size_t at = 0; repeats ? !limited || at < limit : at < count && (!limited || at < limit); at++) {
        size_t take = repeats ? random_below((uint32_t)count) : at + random_below((uint32_t)(count - at));
        char *taken = lines[take];
        if (!repeats) {
            lines[take] = lines[at];
            lines[at] = taken;
        }
        fputs(taken, stdout);
        putchar(end);
    }
    return fflush(stdout) != 0;
}

/* ---- csplit ---- */

static const char *prefix = "xx";
static int digits = 2;
static bool csplit_quiet, keeps_empty = true;

static void put_part(int *number, char **lines, size_t from, size_t to)
{
    if (from == to && !keeps_empty) {
        return;
    }
    char *name = malloc(strlen(prefix) + 32);
    sprintf(name, "%s%0*d", prefix, digits, (*number)++);
    FILE *file = fopen(name, "w");
    size_t bytes = 0;
    if (file == NULL) {
        complain("csplit", "%s: %s", name, strerror(errno));
        exit(1);
    }
    for (; from < to; from++) {
        bytes += strlen(lines[from]) + 1;
        fputs(lines[from], file);
        fputc('\n', file);
    }
    fclose(file);
    free(name);
    if (!csplit_quiet) {
        printf("%zu\n", bytes);
    }
}

int csplit_main(int argc, char **argv)
{
    int letter, number = 0;
    while ((letter = getopt(argc, argv, "+f:n:skz")) != -1) {
        switch (letter) {
        case 'f': prefix = optarg; break;
        case 'n': digits = atoi(optarg) > 0 && atoi(optarg) < 16 ? atoi(optarg) : 2; break;
        case 's': csplit_quiet = true; break;
        case 'k': break;
        case 'z': keeps_empty = false; break;
        default: return 1;
        }
    }
    if (argc - optind < 2) {
        return complain("csplit", "a file and a pattern are wanted");
    }
    FILE *file = open_input("csplit", argv[optind]);
    char **lines = NULL, *line;
    size_t count = 0, from = 0;
    while ((line = next_line(file, '\n')) != NULL) {
        lines = grown(lines, count, sizeof *lines);
        lines[count++] = line;
    }
    for (int at = optind + 1; at < argc; at++) {
        char *pattern = argv[at];
        long repeats = 0;
        bool endless = false;
        if (at + 1 < argc && argv[at + 1][0] == '{') {
            endless = argv[at + 1][1] == '*';
            repeats = atol(argv[++at] + 1);
        }
        char kind = pattern[0], *close = kind == '/' || kind == '%' ? strrchr(pattern + 1, kind) : NULL;
        struct regex *regex = NULL;
        long shift = 0;
        if (close != NULL) {
            struct regex_options plain = {.dialect = BASIC};
            shift = atol(close + 1);
            regex = regex_new("csplit", pattern + 1, (size_t)(close - pattern - 1), &plain);
        }
        for (long turn = 0; endless || turn <= repeats; turn++) {
            size_t to = from;
            if (regex != NULL) {
                struct span found;
                for (to = from + (turn > 0 || from > 0 ? 1 : 0); to < count && !regex_find(regex, lines[to], strlen(lines[to]), 0, false, &found);) {
                    to++;
                }
                if (to >= count) {
                    if (endless) {
                        break;
                    }
                    return complain("csplit", "'%s': match not found", pattern);
                }
                to = shift < 0 && (size_t)-shift > to ? 0 : (size_t)((long)to + shift);
            }
            else {
                to = (size_t)atol(pattern) * (size_t)(turn + 1) - 1;
                if (to > count || to < from) {
                    if (endless) {
                        break;
                    }
                    return complain("csplit", "'%s': line number out of range", pattern);
                }
            }
            if (kind != '%') {
                put_part(&number, lines, from, to);
            }
            from = to;
        }
    }
    put_part(&number, lines, from, count);
    return fflush(stdout) != 0;
}

/* diff: normal, unified, context and side by side. */
#include "../compare.h"
#include "../programs.h"
#include "../unix.h"
#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *tool = "diff";
enum style { NORMAL, UNIFIED, CONTEXT, SIDES, BRIEF };
static struct {
    enum style style;
    bool recursive, absent_is_empty, any_case, no_space, less_space, no_end_space, no_blank, tells_same, text, no_cr;
    long context, width;
    const char *labels[2];
    int label_count;
    const char **excluded;
    size_t excluded_count;
    char arguments[512];
} options = {.context = 3, .width = 130};

struct text {
    const char *name;
    char *bytes;
    size_t length;
    struct stat about;
    bool absent;
    size_t count;
    size_t *starts; /* count + 1 of them */
    int *numbers;
    char *changed;
};

static bool read_text(struct text *text)
{
    if (text->absent) {
        text->bytes = calloc(1, 1);
        return true;
    }
    int fd = strcmp(text->name, "-") == 0 ? 0 : open(text->name, O_RDONLY);
    size_t room = 0;
    ssize_t got = -1;
    if (fd >= 0) {
        do {
            if (room - text->length < 65536) {
                room = 2 * room + 131072;
                text->bytes = realloc(text->bytes, room);
                if (text->bytes == NULL) {
                    complain(tool, "memory exhausted");
                    exit(2);
                }
            }
            got = read(fd, text->bytes + text->length, room - text->length - 1);
            text->length += got > 0 ? (size_t)got : 0;
        } while (got > 0);
        if (fd > 0) {
            close(fd);
        }
    }
    if (got < 0) {
        complain(tool, "%s: %s", text->name, strerror(errno));
        return false;
    }
    return true;
}

static void free_text(struct text *text)
{
    free(text->bytes);
    free(text->starts);
    free(text->numbers);
    free(text->changed);
}

static void split(struct text *text)
{
    size_t room = 1024, at = 0;
    text->starts = malloc(room * sizeof *text->starts);
    text->count = 0;
    while (at < text->length) {
        if (text->count + 2 >= room) {
            room *= 2;
            text->starts = realloc(text->starts, room * sizeof *text->starts);
        }
        text->starts[text->count++] = at;
        char *end = memchr(text->bytes + at, '\n', text->length - at);
        at = end == NULL ? text->length : (size_t)(end + 1 - text->bytes);
    }
    text->starts[text->count] = text->length;
    text->numbers = malloc((text->count + 1) * sizeof *text->numbers);
    text->changed = calloc(text->count + 1, 1);
}

/* ---- which lines are the same ---- */

struct cursor {
    const char *at, *end;
};

/* The next character of a line as far as it counts; -1 at the end. */
static int next_character(struct cursor *cursor)
{
    for (;;) {
        if (cursor->at == cursor->end) {
            return -1;
        }
        unsigned char c = (unsigned char)*cursor->at++;
        if (c == '\r' && options.no_cr && cursor->at < cursor->end && *cursor->at == '\n') {
            continue;
        }
        bool space = isspace(c) && c != '\n';
        if (space && options.no_space) {
            continue;
        }
        if (space && (options.less_space || options.no_end_space)) {
            const char *rest = cursor->at;
            while (rest < cursor->end && isspace((unsigned char)*rest) && *rest != '\n') {
                rest++;
            }
            if (rest == cursor->end || *rest == '\n') {
                cursor->at = rest;
                continue;
            }
            if (options.less_space) {
                cursor->at = rest;
                return ' ';
            }
        }
        /* A last line without its end is another line, but where space does not count. */
        if (c == '\n' && (options.no_space || options.less_space)) {
            continue;
        }
        return options.any_case ? tolower(c) : c;
    }
}

static bool plain_lines(void)
{
    return !(options.any_case || options.no_space || options.less_space || options.no_end_space || options.no_cr);
}

static uint32_t hash_line(const char *at, const char *end)
{
    uint32_t hash = 2166136261u;
    if (plain_lines()) {
        for (; end - at >= 4; at += 4) {
            uint32_t four;
            memcpy(&four, at, 4);
            hash = (hash ^ four) * 0x9e3779b1u;
            hash ^= hash >> 15;
        }
        for (; at < end; at++) {
            hash = (hash ^ (unsigned char)*at) * 16777619u;
        }
        return hash;
    }
    struct cursor cursor = {at, end};
    int c;
    while ((c = next_character(&cursor)) >= 0) {
        hash = (hash ^ (unsigned char)c) * 16777619u;
    }
    return hash;
}

static bool same_line(const char *a, const char *a_end, const char *b, const char *b_end)
{
    if (plain_lines()) {
        return a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
    }
    struct cursor left = {a, a_end}, right = {b, b_end};
    for (;;) {
        int c = next_character(&left);
        if (c != next_character(&right)) {
            return false;
        }
        if (c < 0) {
            return true;
        }
    }
}

struct entry {
    uint32_t hash;
    int number;
    const char *start, *end;
};

/* Gives each line of both texts a number, the same for lines that count as the same. */
static void number_lines(struct text *left, struct text *right)
{
    size_t places = 16;
    while (places < 2 * (left->count + right->count)) {
        places *= 2;
    }
    struct entry *table = calloc(places, sizeof *table);
    struct text *texts[] = {left, right};
    int next = 0;
    for (int which = 0; which < 2; which++) {
        struct text *text = texts[which];
        for (size_t line = 0; line < text->count; line++) {
            const char *start = text->bytes + text->starts[line], *end = text->bytes + text->starts[line + 1];
            uint32_t hash = hash_line(start, end);
            size_t place = hash & (places - 1);
            while (table[place].start != NULL &&
                   (table[place].hash != hash || !same_line(table[place].start, table[place].end, start, end))) {
                place = (place + 1) & (places - 1);
            }
            if (table[place].start == NULL) {
                table[place] = (struct entry){hash, ++next, start, end};
            }
            text->numbers[line] = table[place].number;
        }
    }
    free(table);
}

/* ---- hunks ---- */

struct change {
    size_t left, left_end, right, right_end;
};

static struct change *changes;
static size_t change_count;

static bool blank_run(const struct text *text, size_t from, size_t to)
{
    for (; from < to; from++) {
        const char *at = text->bytes + text->starts[from], *end = text->bytes + text->starts[from + 1];
        bool space = options.no_space || options.less_space || options.no_end_space;
        while (at < end && (*at == '\n' || (space && isspace((unsigned char)*at)))) {
            at++;
        }
        if (at < end) {
            return false;
        }
    }
    return true;
}

static void gather(const struct text *left, const struct text *right)
{
    size_t room = 0, l = 0, r = 0;
    free(changes);
    changes = NULL;
    change_count = 0;
    while (l < left->count || r < right->count) {
        if (!left->changed[l] && !right->changed[r]) {
            l++;
            r++;
            continue;
        }
        struct change change = {l, l, r, r};
        while (left->changed[change.left_end]) {
            change.left_end++;
        }
        while (right->changed[change.right_end]) {
            change.right_end++;
        }
        l = change.left_end;
        r = change.right_end;
        if (options.no_blank && blank_run(left, change.left, l) && blank_run(right, change.right, r)) {
            continue;
        }
        if (change_count == room) {
            room = 2 * room + 16;
            changes = realloc(changes, room * sizeof *changes);
        }
        changes[change_count++] = change;
    }
}

static void put_line(const char *mark, const struct text *text, size_t line)
{
    size_t start = text->starts[line], length = text->starts[line + 1] - start;
    fputs(mark, stdout);
    fwrite(text->bytes + start, 1, length, stdout);
    if (length == 0 || text->bytes[start + length - 1] != '\n') {
        fputs("\n\\ No newline at end of file\n", stdout);
    }
}

static void put_lines(const char *mark, const struct text *text, size_t from, size_t to)
{
    for (; from < to; from++) {
        put_line(mark, text, from);
    }
}

static void put_range(size_t from, size_t to)
{
    /* A range of no lines is named by the line before it. */
    printf(to > from + 1 ? "%zu,%zu" : "%zu", to > from ? from + 1 : from, to);
}

static void put_normal(const struct text *left, const struct text *right)
{
    for (size_t at = 0; at < change_count; at++) {
        const struct change *c = &changes[at];
        bool deletes = c->left_end > c->left, adds = c->right_end > c->right;
        put_range(c->left, c->left_end);
        putchar(deletes && adds ? 'c' : deletes ? 'd' : 'a');
        put_range(c->right, c->right_end);
        putchar('\n');
        put_lines("< ", left, c->left, c->left_end);
        fputs(deletes && adds ? "---\n" : "", stdout);
        put_lines("> ", right, c->right, c->right_end);
    }
}

static void put_name(const char *mark, const struct text *text, int which)
{
    if (options.label_count > which) {
        printf("%s %s\n", mark, options.labels[which]);
        return;
    }
    char when[64], zone[16];
    time_t seconds = text->absent ? 0 : text->about.st_mtim.tv_sec;
    struct tm *local = localtime(&seconds);
    strftime(zone, sizeof zone, "%z", local);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", local);
    printf("%s %s\t%s.%09ld %s\n", mark, text->name, when, text->absent ? 0 : (long)text->about.st_mtim.tv_nsec, zone);
}

/* The changes from `first` that one hunk shows: those with little between them. */
static size_t hunk_end(size_t first)
{
    size_t last = first + 1;
    while (last < change_count && changes[last].left - changes[last - 1].left_end <= (size_t)(2 * options.context)) {
        last++;
    }
    return last;
}

struct hunk {
    size_t left, left_end, right, right_end;
};

static struct hunk hunk_of(size_t first, size_t last, const struct text *left, const struct text *right)
{
    size_t context = (size_t)options.context;
    const struct change *start = &changes[first], *end = &changes[last - 1];
    size_t before = start->left < context ? start->left : context;
    before = start->right < before ? start->right : before;
    size_t behind = left->count - end->left_end < context ? left->count - end->left_end : context;
    behind = right->count - end->right_end < behind ? right->count - end->right_end : behind;
    return (struct hunk){start->left - before, end->left_end + behind, start->right - before, end->right_end + behind};
}

static void put_count(char mark, size_t from, size_t to)
{
    printf(to - from == 1 ? "%c%zu" : "%c%zu,%zu", mark, to > from ? from + 1 : from, to - from);
}

static void put_unified(const struct text *left, const struct text *right)
{
    put_name("---", left, 0);
    put_name("+++", right, 1);
    for (size_t first = 0, last; first < change_count; first = last) {
        last = hunk_end(first);
        struct hunk hunk = hunk_of(first, last, left, right);
        fputs("@@ ", stdout);
        put_count('-', hunk.left, hunk.left_end);
        putchar(' ');
        put_count('+', hunk.right, hunk.right_end);
        puts(" @@");
        size_t l = hunk.left;
        for (size_t at = first; at < last; at++) {
            put_lines(" ", left, l, changes[at].left);
            put_lines("-", left, changes[at].left, changes[at].left_end);
            put_lines("+", right, changes[at].right, changes[at].right_end);
            l = changes[at].left_end;
        }
        put_lines(" ", left, l, hunk.left_end);
    }
}

static void put_context_half(const struct text *text, size_t first, size_t last, size_t from, size_t to, bool is_left)
{
    bool any = false;
    for (size_t at = first; at < last; at++) {
        any |= is_left ? changes[at].left_end > changes[at].left : changes[at].right_end > changes[at].right;
    }
    if (!any) {
        return;
    }
    for (size_t at = first; at < last; at++) {
        const struct change *c = &changes[at];
        size_t start = is_left ? c->left : c->right, end = is_left ? c->left_end : c->right_end;
        bool both = c->left_end > c->left && c->right_end > c->right;
        put_lines("  ", text, from, start);
        put_lines(both ? "! " : is_left ? "- " : "+ ", text, start, end);
        from = end;
    }
    put_lines("  ", text, from, to);
}

static void put_context(const struct text *left, const struct text *right)
{
    put_name("***", left, 0);
    put_name("---", right, 1);
    for (size_t first = 0, last; first < change_count; first = last) {
        last = hunk_end(first);
        struct hunk hunk = hunk_of(first, last, left, right);
        fputs("***************\n*** ", stdout);
        put_range(hunk.left, hunk.left_end);
        puts(" ****");
        put_context_half(left, first, last, hunk.left, hunk.left_end, true);
        fputs("--- ", stdout);
        put_range(hunk.right, hunk.right_end);
        puts(" ----");
        put_context_half(right, first, last, hunk.right, hunk.right_end, false);
    }
}

static size_t put_column(const struct text *text, size_t line, size_t width)
{
    size_t start = text->starts[line], end = text->starts[line + 1], shown = 0;
    for (; start < end && text->bytes[start] != '\n' && shown < width; start++, shown++) {
        putchar(text->bytes[start] == '\t' ? ' ' : text->bytes[start]);
    }
    return shown;
}

static void put_row(const struct text *left, long l, char mark, const struct text *right, long r)
{
    size_t half = (size_t)options.width / 2 - 2;
    size_t shown = l < 0 ? 0 : put_column(left, (size_t)l, half - 1);
    if (mark != ' ' || r >= 0) {
        printf("%*s%c", (int)(half - shown + 1), "", mark);
    }
    if (r >= 0) {
        putchar(' ');
        put_column(right, (size_t)r, half - 1);
    }
    putchar('\n');
}

static void put_sides(const struct text *left, const struct text *right)
{
    size_t l = 0, r = 0;
    for (size_t at = 0; at <= change_count; at++) {
        size_t stop = at < change_count ? changes[at].left : left->count;
        for (; l < stop; l++, r++) {
            put_row(left, (long)l, ' ', right, (long)r);
        }
        if (at == change_count) {
            break;
        }
        for (; l < changes[at].left_end || r < changes[at].right_end;) {
            bool has_left = l < changes[at].left_end, has_right = r < changes[at].right_end;
            put_row(left, has_left ? (long)l : -1, has_left && has_right ? '|' : has_left ? '<' : '>', right, has_right ? (long)r : -1);
            l += has_left;
            r += has_right;
        }
    }
}

/* ---- files and folders ---- */

static bool is_binary(const struct text *text)
{
    size_t look = text->length < 32768 ? text->length : 32768;
    return look > 0 && memchr(text->bytes, '\0', look) != NULL;
}

static int diff_texts(struct text *left, struct text *right, bool announced)
{
    if (!read_text(left) || !read_text(right)) {
        return 2;
    }
    bool same = left->length == right->length && memcmp(left->bytes, right->bytes, left->length) == 0;
    if (!same && !options.text && (is_binary(left) || is_binary(right))) {
        printf("Binary files %s and %s differ\n", left->name, right->name);
        return options.style == BRIEF ? 1 : 2;
    }
    if (!same && !(options.style == BRIEF && plain_lines() && !options.no_blank)) {
        split(left);
        split(right);
        number_lines(left, right);
        struct side sides[] = {{left->count, left->numbers, left->changed}, {right->count, right->numbers, right->changed}};
        compare(&sides[0], &sides[1]);
        gather(left, right);
        same = change_count == 0;
    }
    if (same) {
        if (options.style == SIDES && left->length > 0) {
            split(left);
            split(right);
            change_count = 0;
            put_sides(left, right);
        }
        if (options.tells_same) {
            printf("Files %s and %s are identical\n", left->name, right->name);
        }
        return 0;
    }
    if (options.style == BRIEF) {
        printf("Files %s and %s differ\n", left->name, right->name);
        return 1;
    }
    if (announced) {
        printf("diff%s %s %s\n", options.arguments, left->name, right->name);
    }
    switch (options.style) {
    case UNIFIED: put_unified(left, right); break;
    case CONTEXT: put_context(left, right); break;
    case SIDES: put_sides(left, right); break;
    default: put_normal(left, right);
    }
    return 1;
}

static int diff_paths(const char *left, const char *right, bool inside);

static char *joined(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    char *path = malloc(length + strlen(name) + 2);
    sprintf(path, length > 0 && folder[length - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
    return path;
}

static int wanted(const struct dirent *entry)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
        return 0;
    }
    for (size_t at = 0; at < options.excluded_count; at++) {
        if (fnmatch(options.excluded[at], entry->d_name, 0) == 0) {
            return 0;
        }
    }
    return 1;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int diff_folders(const char *left, const char *right)
{
    struct dirent **l, **r;
    int l_count = scandir(left, &l, wanted, by_name), r_count = scandir(right, &r, wanted, by_name), worst = 0;
    if (l_count < 0 || r_count < 0) {
        complain(tool, "%s: %s", l_count < 0 ? left : right, strerror(errno));
        return 2;
    }
    for (int i = 0, j = 0; i < l_count || j < r_count;) {
        int order = i == l_count ? 1 : j == r_count ? -1 : strcmp(l[i]->d_name, r[j]->d_name);
        const char *name = order <= 0 ? l[i]->d_name : r[j]->d_name;
        int status = 1;
        if (order == 0 || options.absent_is_empty) {
            char *a = joined(left, name), *b = joined(right, name);
            status = diff_paths(a, b, true);
            free(a);
            free(b);
        }
        else {
            printf("Only in %s: %s\n", order < 0 ? left : right, name);
        }
        worst = status > worst ? status : worst;
        i += order <= 0;
        j += order >= 0;
    }
    return worst;
}

static int diff_paths(const char *left, const char *right, bool inside)
{
    struct text texts[2] = {{.name = left}, {.name = right}};
    char *inner = NULL;
    for (int which = 0; which < 2; which++) {
        struct text *text = &texts[which];
        if (strcmp(text->name, "-") == 0) {
            text->about.st_mode = S_IFREG;
            text->about.st_mtim.tv_sec = time(NULL);
        }
        else if (stat(text->name, &text->about) != 0) {
            if (errno != ENOENT || !options.absent_is_empty) {
                return complain(tool, "%s: %s", text->name, strerror(errno)), 2;
            }
            text->absent = true;
        }
    }
    for (int which = 0; which < 2; which++) {
        if (texts[which].absent) {
            texts[which].about.st_mode = texts[1 - which].about.st_mode;
        }
    }
    bool folders[] = {S_ISDIR(texts[0].about.st_mode), S_ISDIR(texts[1].about.st_mode)};
    if (folders[0] && folders[1]) {
        if (inside && !options.recursive) {
            printf("Common subdirectories: %s and %s\n", left, right);
            return 0;
        }
        return diff_folders(left, right);
    }
    if (folders[0] != folders[1]) {
        int folder = folders[0] ? 0 : 1;
        if (inside) {
            const char *kinds[] = {"a regular file", "a directory"};
            printf("File %s is %s while file %s is %s\n", left, kinds[folders[0]], right, kinds[folders[1]]);
            return 1;
        }
        const char *other = texts[1 - folder].name, *slash = strrchr(other, '/');
        inner = joined(texts[folder].name, slash == NULL ? other : slash + 1);
        texts[folder].name = inner;
        if (stat(inner, &texts[folder].about) != 0) {
            return complain(tool, "%s: %s", inner, strerror(errno)), 2;
        }
    }
    int status = diff_texts(&texts[0], &texts[1], inside);
    free_text(&texts[0]);
    free_text(&texts[1]);
    free(inner);
    return status;
}

/* ---- the command line ---- */

enum { LABEL = 256, NO_CR, NO_EFFECT, HELP, NO_EFFECT_WITH_VALUE };

static const struct option long_options[] = {
    {"normal", no_argument, NULL, 'n' + 1000}, {"brief", no_argument, NULL, 'q'},
    {"report-identical-files", no_argument, NULL, 's'}, {"unified", optional_argument, NULL, 'u' + 1000},
    {"context", optional_argument, NULL, 'c' + 1000}, {"side-by-side", no_argument, NULL, 'y'},
    {"width", required_argument, NULL, 'W'}, {"recursive", no_argument, NULL, 'r'},
    {"new-file", no_argument, NULL, 'N'}, {"ignore-case", no_argument, NULL, 'i'},
    {"ignore-all-space", no_argument, NULL, 'w'}, {"ignore-space-change", no_argument, NULL, 'b'},
    {"ignore-trailing-space", no_argument, NULL, 'Z'}, {"ignore-blank-lines", no_argument, NULL, 'B'},
    {"text", no_argument, NULL, 'a'}, {"strip-trailing-cr", no_argument, NULL, NO_CR},
    {"label", required_argument, NULL, LABEL}, {"exclude", required_argument, NULL, 'x'},
    {"minimal", no_argument, NULL, NO_EFFECT}, {"color", optional_argument, NULL, NO_EFFECT},
    {"show-c-function", no_argument, NULL, NO_EFFECT}, {"speed-large-files", no_argument, NULL, NO_EFFECT},
    {"help", no_argument, NULL, HELP}, {0},
};

static void usage(FILE *out, int status)
{
    fputs("usage: diff [-abBcdiNqrstuwyZ] [-C NUM] [-U NUM] [-L LABEL] [-x PATTERN] FILE FILE\n", out);
    exit(status);
}

static void read_options(int argc, char **argv)
{
    int letter;
    while ((letter = getopt_long(argc, argv, "0123456789abBcC:deEiL:nNpqrsStTuU:vwW:x:yZ", long_options, NULL)) != -1) {
        switch (letter) {
        case 'u': options.style = UNIFIED; break;
        case 'U': options.style = UNIFIED; options.context = atol(optarg); break;
        case 'u' + 1000: options.style = UNIFIED; options.context = optarg == NULL ? 3 : atol(optarg); break;
        case 'c': options.style = CONTEXT; break;
        case 'C': options.style = CONTEXT; options.context = atol(optarg); break;
        case 'c' + 1000: options.style = CONTEXT; options.context = optarg == NULL ? 3 : atol(optarg); break;
        case 'y': options.style = SIDES; break;
        case 'W': options.width = atol(optarg); break;
        case 'q': options.style = BRIEF; break;
        case 's': options.tells_same = true; break;
        case 'r': options.recursive = true; break;
        case 'N': options.absent_is_empty = true; break;
        case 'i': options.any_case = true; break;
        case 'w': options.no_space = true; break;
        case 'b': options.less_space = true; break;
        case 'Z': options.no_end_space = true; break;
        case 'B': options.no_blank = true; break;
        case 'a': options.text = true; break;
        case NO_CR: options.no_cr = true; break;
        case 'L':
        case LABEL:
            if (options.label_count < 2) {
                options.labels[options.label_count++] = optarg;
            }
            break;
        case 'x':
            options.excluded = realloc(options.excluded, (options.excluded_count + 1) * sizeof *options.excluded);
            options.excluded[options.excluded_count++] = optarg;
            break;
        case HELP: usage(stdout, 0); break;
        case '?': usage(stderr, 2); break;
        default: break;
        }
    }
    options.context = options.context < 0 ? 0 : options.context;
    options.width = options.width < 16 ? 16 : options.width;
}

int diff_main(int argc, char **argv)
{
    static char outgoing[65536];
    setvbuf(stdout, outgoing, _IOFBF, sizeof outgoing);
    /* Before the options change places with the files. */
    for (int at = 1; at < argc; at++) {
        size_t used = strlen(options.arguments);
        if (argv[at][0] == '-' && argv[at][1] != '\0' && used + strlen(argv[at]) + 2 < sizeof options.arguments) {
            options.arguments[used] = ' ';
            strcpy(options.arguments + used + 1, argv[at]);
        }
    }
    read_options(argc, argv);
    if (argc - optind != 2) {
        usage(stderr, 2);
    }
    int status = diff_paths(argv[optind], argv[optind + 1], false);
    if (fflush(stdout) != 0) {
        complain(tool, "write error: %s", strerror(errno));
        return 2;
    }
    return status;
}

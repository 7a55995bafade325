/* grep, egrep and fgrep.
 *
 * Many lines are searched at a time: where the pattern is found, or may be found across line ends,
 * the one line around that place is looked at by itself. Lines where nothing is found cost nothing.
 */
#include "../programs.h"
#include "../regex.h"
#include "../unix.h"
#include <dirent.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 262144, NO_LIMIT = -1 };

static const char *tool = "grep";
static struct regex *regex;
static struct regex_options pattern_options = {.dialect = BASIC};
static struct {
    bool inverted, counts, lists, lists_without, quiet, silent, only, numbers, offsets, names, recursive, follows, text,
        skips_binary, nul_names, colour;
    int name_choice; /* -1: by the number of files */
    long limit, before, after;
    char end;
    const char *label;
} options = {.name_choice = -1, .limit = NO_LIMIT, .end = '\n'};

struct globs {
    const char **list;
    size_t count;
};
static struct globs include, exclude, exclude_folders;
static bool any_selected, any_fault, any_output;

static void complain_about(const char *name, const char *reason)
{
    any_fault = true;
    if (!options.silent) {
        complain(tool, "%s: %s", name, reason);
    }
}

/* ---- one file ---- */

struct search {
    const char *name;
    int fd;
    bool ended, binary, stopped;
    char *buffer;
    size_t room, length; /* of the buffer; and what is in it */
    size_t base;         /* where the block that is searched starts */
    size_t next;         /* the first line that was not looked at */
    size_t shown;        /* what stands before was shown or cannot be shown any more */
    size_t counted;      /* line feeds before this place are in `line` */
    unsigned long long line, offset; /* line: of the place counted; offset: of the buffer's start */
    long selected, after_left;
};

static void put_name(const struct search *search, char mark)
{
    if (options.colour) {
        printf("\33[35m\33[K%s\33[m\33[K", search->name);
    }
    else {
        fputs(search->name, stdout);
    }
    if (options.nul_names) {
        putchar('\0');
    }
    else if (options.colour) {
        printf("\33[36m\33[K%c\33[m\33[K", mark);
    }
    else {
        putchar(mark);
    }
}

static void put_number(unsigned long long number, char mark)
{
    if (options.colour) {
        printf("\33[32m\33[K%llu\33[m\33[K\33[36m\33[K%c\33[m\33[K", number, mark);
    }
    else {
        printf("%llu%c", number, mark);
    }
}

static unsigned long long line_at(struct search *search, size_t place)
{
    const char *at = search->buffer + search->counted, *stop = search->buffer + place;
    while ((at = memchr(at, options.end, (size_t)(stop - at))) != NULL) {
        search->line++;
        at++;
    }
    search->counted = place;
    return search->line;
}

static void put_head(struct search *search, size_t start, size_t place, char mark)
{
    if (options.names) {
        put_name(search, mark);
    }
    if (options.numbers) {
        put_number(line_at(search, start), mark);
    }
    if (options.offsets) {
        put_number(search->offset + place, mark);
    }
}

static void put_coloured(const char *text, size_t length)
{
    size_t at = 0;
    struct span found;
    while (at <= length && regex_find(regex, text, length, at, true, &found)) {
        fwrite(text + at, 1, found.start - at, stdout);
        if (found.end == found.start) {
            if (found.start < length) {
                putchar(text[found.start]);
            }
            at = found.end + 1;
            continue;
        }
        fputs("\33[01;31m\33[K", stdout);
        fwrite(text + found.start, 1, found.end - found.start, stdout);
        fputs("\33[m\33[K", stdout);
        at = found.end;
    }
    if (at < length) {
        fwrite(text + at, 1, length - at, stdout);
    }
}

static void put_matches(struct search *search, size_t start, size_t end)
{
    const char *text = search->buffer + start;
    size_t length = end - start, at = 0;
    struct span found;
    while (at <= length && regex_find(regex, text, length, at, true, &found)) {
        if (found.end == found.start) {
            at = found.end + 1;
            continue;
        }
        put_head(search, start, start + found.start, ':');
        fputs(options.colour ? "\33[01;31m\33[K" : "", stdout);
        fwrite(text + found.start, 1, found.end - found.start, stdout);
        fputs(options.colour ? "\33[m\33[K" : "", stdout);
        putchar(options.end);
        at = found.end;
    }
}

static void put_line(struct search *search, size_t start, size_t end, char mark)
{
    put_head(search, start, start, mark);
    if (options.colour && mark == ':' && !options.inverted) {
        put_coloured(search->buffer + start, end - start);
    }
    else {
        fwrite(search->buffer + start, 1, end - start, stdout);
    }
    putchar(options.end);
    any_output = true;
}

/* The start of the line that ends before `place`. */
static size_t line_before(const struct search *search, size_t place)
{
    const char *found = place < 2 ? NULL : memrchr(search->buffer, options.end, place - 1);
    return found == NULL ? 0 : (size_t)(found + 1 - search->buffer);
}

static size_t line_end(const struct search *search, size_t place, size_t end)
{
    const char *found = memchr(search->buffer + place, options.end, end - place);
    return found == NULL ? end : (size_t)(found - search->buffer);
}

/* Lines behind a selected one, up to `stop`. */
static void put_after(struct search *search, size_t stop)
{
    while (search->after_left > 0 && search->shown < stop) {
        size_t end = line_end(search, search->shown, stop);
        put_line(search, search->shown, end, '-');
        search->shown = end + 1;
        search->after_left--;
    }
}

static void select_line(struct search *search, size_t start, size_t end)
{
    search->selected++;
    any_selected = true;
    if (options.quiet) {
        exit(0);
    }
    if (options.lists || options.lists_without) {
        search->stopped = true;
        return;
    }
    if (!options.counts && search->binary) {
        printf("%s: %s: binary file matches\n", tool, search->name);
        search->stopped = true;
        return;
    }
    if (!options.counts && options.only) {
        if (!options.inverted) {
            put_matches(search, start, end);
        }
    }
    else if (!options.counts) {
        put_after(search, start);
        size_t first = start;
        for (long count = 0; count < options.before && first > search->shown; count++) {
            first = line_before(search, first);
        }
        if (first < search->shown) {
            first = search->shown;
        }
        if ((options.before > 0 || options.after > 0) && any_output && (first > search->shown || search->selected == 1)) {
            fputs(options.colour ? "\33[36m\33[K--\33[m\33[K\n" : "--\n", stdout);
        }
        while (first < start) {
            size_t stop = line_end(search, first, start);
            put_line(search, first, stop, '-');
            first = stop + 1;
        }
        put_line(search, start, end, ':');
        search->shown = end + 1;
        search->after_left = options.after;
    }
    if (options.limit != NO_LIMIT && search->selected >= options.limit) {
        search->stopped = true;
    }
}

/* The next line at or behind `from` and before `stop` in which the pattern is. */
static bool find_line(struct search *search, size_t from, size_t stop, size_t *start, size_t *end)
{
    const char *text = search->buffer;
    /* What is searched is the same text for all lines of a block; its last line's end is no line's start. */
    size_t base = search->base, length = stop - (text[stop - 1] == options.end ? 1 : 0);
    struct span found;
    while (from < stop) {
        *start = from;
        if (regex_crosses_lines(regex)) {
            if (from > length || !regex_find(regex, text + base, length - base, from - base, false, &found)) {
                return false;
            }
            size_t place = base + found.start;
            const char *before = place > from ? memrchr(text + from, options.end, place - from) : NULL;
            *start = before == NULL ? from : (size_t)(before + 1 - text);
            *end = line_end(search, place, stop);
            if (base + found.end <= *end) {
                return true;
            }
        }
        *end = line_end(search, *start, stop);
        if (regex_find(regex, text + *start, *end - *start, 0, false, &found)) {
            return true;
        }
        from = *end + 1;
    }
    return false;
}

/* All lines of the buffer from `next` up to `stop`. */
static void search_lines(struct search *search, size_t stop)
{
    size_t from = search->next;
    search->base = from;
    while (from < stop && !search->stopped) {
        size_t start = stop, end = stop;
        bool found = find_line(search, from, stop, &start, &end);
        if (!found) {
            start = stop;
        }
        if (options.inverted) {
            while (from < start && !search->stopped) {
                size_t own = line_end(search, from, start);
                select_line(search, from, own);
                from = own + 1;
            }
        }
        else if (found) {
            select_line(search, start, end);
        }
        from = found ? end + 1 : stop;
    }
    search->next = from;
}

/* Reads one more block; what was searched goes, but for lines that may still be shown. */
static bool read_block(struct search *search)
{
    size_t keep = search->next;
    for (long count = 0; count < options.before && keep > search->shown; count++) {
        keep = line_before(search, keep);
    }
    if (keep < search->shown) {
        keep = search->shown < search->next ? search->shown : search->next;
    }
    if (keep > 0) {
        line_at(search, keep > search->counted ? keep : search->counted);
        memmove(search->buffer, search->buffer + keep, search->length - keep);
        search->length -= keep;
        search->next -= keep;
        search->shown = search->shown > keep ? search->shown - keep : 0;
        search->counted -= keep;
        search->offset += keep;
    }
    if (search->room - search->length < BLOCK) {
        search->room = 2 * search->room + 2 * BLOCK;
        search->buffer = realloc(search->buffer, search->room);
        if (search->buffer == NULL) {
            complain(tool, "memory exhausted");
            exit(2);
        }
    }
    ssize_t got = read(search->fd, search->buffer + search->length, BLOCK);
    if (got < 0) {
        complain_about(search->name, strerror(errno));
    }
    search->ended = got <= 0;
    search->length += got > 0 ? (size_t)got : 0;
    return !search->ended;
}

static void tell_result(const struct search *search)
{
    if (options.counts) {
        if (options.names) {
            put_name(search, ':');
        }
        printf("%ld\n", search->selected);
    }
    if ((options.lists && search->selected > 0) || (options.lists_without && search->selected == 0)) {
        printf("%s%c", search->name, options.nul_names ? '\0' : '\n');
    }
}

static void search_descriptor(int fd, const char *name)
{
    static char *buffer;
    static size_t room;
    struct search search = {.name = name, .fd = fd, .line = 1, .buffer = buffer, .room = room};
    bool first = true;
    search.stopped = options.limit == 0;
    while (!search.stopped) {
        bool more = read_block(&search);
        size_t fresh = search.length;
        if (first && !options.text && options.end == '\n') {
            search.binary = memchr(search.buffer, '\0', fresh) != NULL;
            if (search.binary && options.skips_binary) {
                search.stopped = true;
            }
            first = false;
        }
        const char *last = more ? memrchr(search.buffer + search.next, options.end, search.length - search.next) : NULL;
        size_t stop = more ? last == NULL ? search.next : (size_t)(last + 1 - search.buffer) : search.length;
        if (!search.stopped) {
            search_lines(&search, stop);
        }
        put_after(&search, search.stopped ? search.length < search.next ? search.length : stop : search.next);
        if (!more) {
            break;
        }
    }
    buffer = search.buffer;
    room = search.room;
    if (!(search.binary && options.skips_binary)) {
        tell_result(&search);
    }
}

/* ---- files and folders ---- */

static void add_glob(struct globs *globs, const char *glob)
{
    globs->list = realloc(globs->list, (globs->count + 1) * sizeof *globs->list);
    globs->list[globs->count++] = glob;
}

static bool matches_any(const struct globs *globs, const char *name)
{
    for (size_t at = 0; at < globs->count; at++) {
        if (fnmatch(globs->list[at], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool wanted(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return !matches_any(&exclude, name) && (include.count == 0 || matches_any(&include, name));
}

static void search_path(const char *path, bool given, bool show_folder);

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void search_folder(const char *path, bool prefixed)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, by_name);
    if (count < 0) {
        complain_about(path, strerror(errno));
        return;
    }
    for (int at = 0; at < count; at++) {
        const char *name = entries[at]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            size_t length = strlen(path);
            char *inner = malloc(length + strlen(name) + 2);
            bool slash = length > 0 && path[length - 1] == '/';
            sprintf(inner, prefixed ? slash ? "%s%s" : "%s/%s" : "%.0s%s", path, name);
            search_path(inner, false, true);
            free(inner);
        }
        free(entries[at]);
    }
    free(entries);
}

static void search_path(const char *path, bool given, bool prefixed)
{
    struct stat about;
    const char *slash = strrchr(path, '/');
    if ((given || options.follows ? stat(path, &about) : lstat(path, &about)) != 0) {
        complain_about(path, strerror(errno));
        return;
    }
    if (S_ISDIR(about.st_mode)) {
        if (!options.recursive) {
            complain_about(path, "Is a directory");
        }
        else if (given || !matches_any(&exclude_folders, slash == NULL ? path : slash + 1)) {
            search_folder(path, prefixed);
        }
        return;
    }
    if ((!given && !S_ISREG(about.st_mode)) || !wanted(path)) {
        return;
    }
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        complain_about(path, strerror(errno));
        return;
    }
    search_descriptor(fd, path);
    close(fd);
}

/* ---- the command line ---- */

enum { INCLUDE = 256, EXCLUDE, EXCLUDE_FOLDER, COLOUR, LABEL, NULL_NAMES, NO_EFFECT, BINARY_FILES, HELP, VERSION };

static const struct option long_options[] = {
    {"extended-regexp", no_argument, NULL, 'E'}, {"fixed-strings", no_argument, NULL, 'F'},
    {"basic-regexp", no_argument, NULL, 'G'}, {"perl-regexp", no_argument, NULL, 'P'},
    {"regexp", required_argument, NULL, 'e'}, {"file", required_argument, NULL, 'f'},
    {"ignore-case", no_argument, NULL, 'i'}, {"no-ignore-case", no_argument, NULL, NO_EFFECT},
    {"invert-match", no_argument, NULL, 'v'}, {"word-regexp", no_argument, NULL, 'w'},
    {"line-regexp", no_argument, NULL, 'x'}, {"count", no_argument, NULL, 'c'},
    {"color", optional_argument, NULL, COLOUR}, {"colour", optional_argument, NULL, COLOUR},
    {"files-without-match", no_argument, NULL, 'L'}, {"files-with-matches", no_argument, NULL, 'l'},
    {"max-count", required_argument, NULL, 'm'}, {"only-matching", no_argument, NULL, 'o'},
    {"quiet", no_argument, NULL, 'q'}, {"silent", no_argument, NULL, 'q'}, {"no-messages", no_argument, NULL, 's'},
    {"byte-offset", no_argument, NULL, 'b'}, {"with-filename", no_argument, NULL, 'H'},
    {"no-filename", no_argument, NULL, 'h'}, {"label", required_argument, NULL, LABEL},
    {"line-number", no_argument, NULL, 'n'}, {"null", no_argument, NULL, 'Z'},
    {"after-context", required_argument, NULL, 'A'}, {"before-context", required_argument, NULL, 'B'},
    {"context", required_argument, NULL, 'C'}, {"text", no_argument, NULL, 'a'},
    {"binary-files", required_argument, NULL, BINARY_FILES}, {"include", required_argument, NULL, INCLUDE},
    {"exclude", required_argument, NULL, EXCLUDE}, {"exclude-dir", required_argument, NULL, EXCLUDE_FOLDER},
    {"recursive", no_argument, NULL, 'r'}, {"dereference-recursive", no_argument, NULL, 'R'},
    {"line-buffered", no_argument, NULL, NO_EFFECT}, {"null-data", no_argument, NULL, 'z'},
    {"binary", no_argument, NULL, NO_EFFECT}, {"initial-tab", no_argument, NULL, NO_EFFECT},
    {"help", no_argument, NULL, HELP}, {"version", no_argument, NULL, VERSION}, {0},
};

static char *patterns;
static size_t patterns_length;
static bool has_patterns;

static void add_patterns(const char *text, size_t length)
{
    patterns = realloc(patterns, patterns_length + length + 2);
    if (has_patterns) {
        patterns[patterns_length++] = '\n';
    }
    memcpy(patterns + patterns_length, text, length);
    patterns_length += length;
    patterns[patterns_length] = '\0';
    has_patterns = true;
}

static bool no_patterns_in_file;

static void add_pattern_file(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (file == NULL) {
        complain(tool, "%s: %s", path, strerror(errno));
        exit(2);
    }
    while ((length = getline(&line, &room, file)) > 0) {
        add_patterns(line, (size_t)length - (line[length - 1] == '\n'));
    }
    no_patterns_in_file = !has_patterns;
    free(line);
}

static long number(const char *text, const char *what)
{
    char *rest;
    long value = strtol(text, &rest, 10);
    if (*text == '\0' || *rest != '\0' || value < 0) {
        complain(tool, "%s: invalid %s", text, what);
        exit(2);
    }
    return value;
}

static void usage(FILE *out, int status)
{
    fprintf(out, "usage: %s [OPTION]... PATTERNS [FILE]...\n", tool);
    exit(status);
}

static void read_options(int argc, char **argv)
{
    int letter;
    long context = -1, digits = -1;
    options.before = options.after = -1;
    while ((letter = getopt_long(argc, argv, "EFGPe:f:ivywxclLm:oqsbHhnZzA:B:C:arRIUTd:D:0123456789V", long_options, NULL)) != -1) {
        switch (letter) {
        case 'E': pattern_options.dialect = EXTENDED; break;
        case 'F': pattern_options.dialect = FIXED; break;
        case 'G': pattern_options.dialect = BASIC; break;
        case 'P': pattern_options.dialect = PERL; break;
        case 'e': add_patterns(optarg, strlen(optarg)); break;
        case 'f': add_pattern_file(optarg); break;
        case 'y':
        case 'i': pattern_options.any_case = true; break;
        case 'v': options.inverted = true; break;
        case 'w': pattern_options.whole_word = true; break;
        case 'x': pattern_options.whole_line = true; break;
        case 'c': options.counts = true; break;
        case 'l': options.lists = true; options.lists_without = false; break;
        case 'L': options.lists_without = true; options.lists = false; break;
        case 'm': options.limit = number(optarg, "max count"); break;
        case 'o': options.only = true; break;
        case 'q': options.quiet = true; break;
        case 's': options.silent = true; break;
        case 'b': options.offsets = true; break;
        case 'H': options.name_choice = 1; break;
        case 'h': options.name_choice = 0; break;
        case 'n': options.numbers = true; break;
        case 'Z': options.nul_names = true; break;
        case 'z': options.end = '\0'; pattern_options.ends_with_nul = true; break;
        case 'A': options.after = number(optarg, "context length argument"); break;
        case 'B': options.before = number(optarg, "context length argument"); break;
        case 'C': context = number(optarg, "context length argument"); break;
        case 'a': options.text = true; break;
        case 'R': options.follows = true; options.recursive = true; break;
        case 'r': options.recursive = true; break;
        case 'I': options.skips_binary = true; break;
        case 'd': options.recursive |= strcmp(optarg, "recurse") == 0; break;
        case INCLUDE: add_glob(&include, optarg); break;
        case EXCLUDE: add_glob(&exclude, optarg); break;
        case EXCLUDE_FOLDER: add_glob(&exclude_folders, optarg); break;
        case COLOUR: options.colour = optarg == NULL || strcmp(optarg, "auto") == 0 ? isatty(1) : strcmp(optarg, "always") == 0; break;
        case LABEL: options.label = optarg; break;
        case BINARY_FILES:
            options.text = strcmp(optarg, "text") == 0;
            options.skips_binary = strcmp(optarg, "without-match") == 0;
            break;
        case HELP: usage(stdout, 0); break;
        case 'V':
        case VERSION: puts("grep (Sandcell)"); exit(0);
        case '?': usage(stderr, 2); break;
        default:
            if (letter >= '0' && letter <= '9') {
                digits = (digits < 0 ? 0 : digits * 10) + letter - '0';
            }
        }
    }
    context = digits >= 0 ? digits : context;
    long otherwise = context >= 0 ? context : 0;
    options.before = options.before >= 0 ? options.before : otherwise;
    options.after = options.after >= 0 ? options.after : otherwise;
    if (options.only || options.counts || options.lists || options.lists_without) {
        options.before = options.after = 0;
    }
}

int grep_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    char name = (slash == NULL ? argv[0] : slash + 1)[0];
    if (name == 'e' || name == 'f') {
        pattern_options.dialect = name == 'e' ? EXTENDED : FIXED;
    }
    read_options(argc, argv);
    if (!has_patterns && !no_patterns_in_file) {
        if (optind == argc) {
            usage(stderr, 2);
        }
        add_patterns(argv[optind], strlen(argv[optind]));
        optind++;
    }
    static char outgoing[65536];
    setvbuf(stdout, outgoing, isatty(1) ? _IOLBF : _IOFBF, sizeof outgoing);
    if (no_patterns_in_file) {
        /* No pattern is found nowhere. */
        pattern_options.dialect = PERL;
        add_patterns("(*FAIL)", 7);
    }
    regex = regex_new(tool, patterns, patterns_length, &pattern_options);
    int files = argc - optind;
    options.names = options.name_choice >= 0 ? options.name_choice : files > 1 || options.recursive;
    struct stat about;
    if (options.name_choice < 0 && options.recursive && files == 1 && stat(argv[optind], &about) == 0 && !S_ISDIR(about.st_mode)) {
        options.names = false;
    }
    if (files == 0) {
        if (options.recursive) {
            search_path(".", true, false);
        }
        else {
            search_descriptor(0, options.label != NULL ? options.label : "(standard input)");
        }
    }
    for (int at = optind; at < argc; at++) {
        if (strcmp(argv[at], "-") == 0) {
            search_descriptor(0, options.label != NULL ? options.label : "(standard input)");
        }
        else {
            search_path(argv[at], true, true);
        }
    }
    if (fflush(stdout) != 0) {
        complain(tool, "write error: %s", strerror(errno));
        return 2;
    }
    return any_fault ? 2 : any_selected ? 0 : 1;
}

/* cat, head and cmp. */
#include "../programs.h"
#include "../unix.h"
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char buffer[65536];

static int open_input(const char *path)
{
    return strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY);
}

static bool write_all(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(1, data, length);
        if (wrote <= 0) {
            return false;
        }
        data += wrote;
        length -= (size_t)wrote;
    }
    return true;
}

/* ---- cat ---- */

static bool numbers, only_full, squeezes, shows_ends, shows_tabs, shows_others;
static unsigned long cat_line;
static bool at_start = true;
static int empty_lines;

static void put_shown(unsigned char c)
{
    if (c == '\t' && !shows_tabs) {
        putchar(c);
        return;
    }
    if (c == '\t' || shows_others) {
        if (c >= 128) {
            fputs("M-", stdout);
            c -= 128;
        }
        if (c < 32 || c == 127) {
            putchar('^');
            c ^= 64;
        }
    }
    putchar(c);
}

static void put_cat(const char *data, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        char c = data[at];
        if (c == '\n' && at_start && squeezes && ++empty_lines > 1) {
            continue;
        }
        if (c != '\n') {
            empty_lines = 0;
        }
        if (at_start && numbers && !(only_full && c == '\n')) {
            printf("%6lu\t", ++cat_line);
        }
        at_start = c == '\n';
        if (c == '\n') {
            fputs(shows_ends ? "$\n" : "\n", stdout);
        }
        else {
            put_shown((unsigned char)c);
        }
    }
}

int cat_main(int argc, char **argv)
{
    static const struct option names[] = {
        {"number", no_argument, NULL, 'n'}, {"number-nonblank", no_argument, NULL, 'b'}, {"squeeze-blank", no_argument, NULL, 's'},
        {"show-all", no_argument, NULL, 'A'}, {"show-ends", no_argument, NULL, 'E'}, {"show-tabs", no_argument, NULL, 'T'},
        {"show-nonprinting", no_argument, NULL, 'v'}, {0},
    };
    int letter, status = 0;
    while ((letter = getopt_long(argc, argv, "nbsAeEtTuv", names, NULL)) != -1) {
        switch (letter) {
        case 'b': only_full = true; /* fall through */
        case 'n': numbers = true; break;
        case 's': squeezes = true; break;
        case 'A': shows_tabs = true; /* fall through */
        case 'e': shows_others = shows_ends = true; break;
        case 't': shows_others = true; /* fall through */
        case 'T': shows_tabs = true; break;
        case 'E': shows_ends = true; break;
        case 'v': shows_others = true; break;
        case '?': return 1;
        default: break;
        }
    }
    bool plain = !(numbers || squeezes || shows_ends || shows_tabs || shows_others);
    static char *standard_input[] = {"-", NULL};
    for (char **path = optind < argc ? argv + optind : standard_input; *path != NULL; path++) {
        int fd = open_input(*path);
        ssize_t got = -1;
        while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0) {
            if (!plain) {
                put_cat(buffer, (size_t)got);
                if (isatty(1)) {
                    fflush(stdout);
                }
            }
            else if (!write_all(buffer, (size_t)got)) {
                return complain("cat", "write error: %s", strerror(errno));
            }
        }
        fflush(stdout);
        if (got < 0) {
            status = complain("cat", "%s: %s", *path, strerror(errno));
        }
        if (fd > 0) {
            close(fd);
        }
    }
    return ferror(stdout) ? 1 : status;
}

/* ---- head ---- */

/* A count with a unit, such as 4k; below zero: all but that many. */
static bool count_of(const char *text, long long *out)
{
    char *rest;
    *out = strtoll(text, &rest, 10);
    switch (*rest) {
    case 'b': *out *= 512; rest++; break;
    case 'k':
    case 'K': *out *= 1024; rest++; break;
    case 'm':
    case 'M': *out *= 1 << 20; rest++; break;
    default: break;
    }
    /* `-0` is all but none. */
    if (*out == 0 && text[0] == '-') {
        *out = -(1LL << 62);
    }
    return rest != text && *rest == '\0';
}

/* How much of a whole text is all but the last `left` lines or bytes. */
static size_t without_last(const char *data, size_t length, long long left, bool bytes, char end)
{
    if (left >= 1LL << 62) {
        return length;
    }
    if (bytes) {
        return (unsigned long long)left > length ? 0 : length - (size_t)left;
    }
    size_t at = length;
    if (at > 0 && data[at - 1] != end) {
        left--;
        while (at > 0 && data[at - 1] != end) {
            at--;
        }
    }
    for (; left > 0 && at > 0; left--) {
        for (at--; at > 0 && data[at - 1] != end;) {
            at--;
        }
    }
    return at;
}

static bool head_whole(int fd, long long left, bool bytes, char end)
{
    char *data = NULL;
    size_t length = 0, room = 0;
    ssize_t got;
    do {
        if (room - length < sizeof buffer) {
            room = 2 * room + sizeof buffer;
            data = realloc(data, room);
            if (data == NULL) {
                exit(complain("head", "memory exhausted"));
            }
        }
        got = read(fd, data + length, room - length);
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    bool done = got == 0 && write_all(data, without_last(data, length, left, bytes, end));
    free(data);
    return done;
}

static bool head_first(int fd, long long left, bool bytes, char end)
{
    ssize_t got = 1;
    while (left > 0 && (got = read(fd, buffer, sizeof buffer)) > 0) {
        size_t take = bytes ? ((unsigned long long)left < (size_t)got ? (size_t)left : (size_t)got) : 0;
        if (bytes) {
            left -= (long long)take;
        }
        while (!bytes && left > 0 && take < (size_t)got) {
            const char *found = memchr(buffer + take, end, (size_t)got - take);
            take = found == NULL ? (size_t)got : (size_t)(found + 1 - buffer);
            left -= found != NULL;
        }
        if (!write_all(buffer, take)) {
            return false;
        }
        /* What was read too much goes back, for who reads on. */
        if (take < (size_t)got) {
            lseek(fd, (off_t)take - got, SEEK_CUR);
        }
    }
    return got >= 0;
}

int head_main(int argc, char **argv)
{
    static const struct option names[] = {
        {"lines", required_argument, NULL, 'n'}, {"bytes", required_argument, NULL, 'c'}, {"quiet", no_argument, NULL, 'q'},
        {"silent", no_argument, NULL, 'q'}, {"verbose", no_argument, NULL, 'v'}, {"zero-terminated", no_argument, NULL, 'z'}, {0},
    };
    long long count = 10;
    bool bytes = false, quiet = false, headed = false;
    char end = '\n';
    int letter, status = 0;
    /* `head -5` */
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
        if (!count_of(argv[1] + 1, &count)) {
            return complain("head", "invalid number of lines: '%s'", argv[1] + 1);
        }
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    while ((letter = getopt_long(argc, argv, "n:c:qvz", names, NULL)) != -1) {
        switch (letter) {
        case 'c':
        case 'n':
            bytes = letter == 'c';
            if (!count_of(optarg, &count)) {
                return complain("head", "invalid number of %s: '%s'", bytes ? "bytes" : "lines", optarg);
            }
            break;
        case 'q': quiet = true; break;
        case 'v': headed = true; break;
        case 'z': end = '\0'; break;
        default: return 1;
        }
    }
    headed = headed || (argc - optind > 1 && !quiet);
    static char *standard_input[] = {"-", NULL};
    bool first = true;
    for (char **path = optind < argc ? argv + optind : standard_input; *path != NULL; path++) {
        int fd = open_input(*path);
        if (fd < 0) {
            status = complain("head", "cannot open '%s' for reading: %s", *path, strerror(errno));
            continue;
        }
        if (headed) {
            printf("%s==> %s <==\n", first ? "" : "\n", fd == 0 ? "standard input" : *path);
            fflush(stdout);
        }
        first = false;
        bool done = count < 0 ? head_whole(fd, -count, bytes, end) : head_first(fd, count, bytes, end);
        if (!done) {
            status = complain("head", "%s: %s", *path, strerror(errno));
        }
        if (fd > 0) {
            close(fd);
        }
    }
    return status;
}

/* ---- cmp ---- */

int cmp_main(int argc, char **argv)
{
    bool silent = false, all = false, shows = false;
    unsigned long long limit = ~0ULL, skip = 0;
    int letter;
    static const struct option names[] = {
        {"silent", no_argument, NULL, 's'}, {"quiet", no_argument, NULL, 's'}, {"verbose", no_argument, NULL, 'l'},
        {"bytes", required_argument, NULL, 'n'}, {"print-bytes", no_argument, NULL, 'b'}, {"ignore-initial", required_argument, NULL, 'i'}, {0},
    };
    while ((letter = getopt_long(argc, argv, "sln:bi:", names, NULL)) != -1) {
        switch (letter) {
        case 's': silent = true; break;
        case 'l': all = true; break;
        case 'n': limit = strtoull(optarg, NULL, 10); break;
        case 'i': skip = strtoull(optarg, NULL, 10); break;
        case 'b': shows = true; break;
        default: return 2;
        }
    }
    if (argc - optind < 1 || argc - optind > 2) {
        complain("cmp", "one or two files are wanted");
        return 2;
    }
    const char *paths[] = {argv[optind], optind + 1 < argc ? argv[optind + 1] : "-"};
    FILE *files[2];
    for (int which = 0; which < 2; which++) {
        files[which] = strcmp(paths[which], "-") == 0 ? stdin : fopen(paths[which], "r");
        if (files[which] == NULL) {
            if (!silent) {
                complain("cmp", "%s: %s", paths[which], strerror(errno));
            }
            return 2;
        }
        setvbuf(files[which], NULL, _IOFBF, 65536);
        for (unsigned long long count = 0; count < skip; count++) {
            getc(files[which]);
        }
    }
    unsigned long long byte = 0, line = 1;
    int status = 0;
    for (; byte < limit; byte++) {
        int left = getc_unlocked(files[0]), right = getc_unlocked(files[1]);
        if (left == EOF || right == EOF) {
            if (left != right) {
                if (!silent) {
                    const char *ended = paths[left != EOF];
                    fflush(stdout);
                    fprintf(stderr, byte == 0 ? "cmp: EOF on %s which is empty\n" : "cmp: EOF on %s after byte %llu, line %llu\n",
                            ended, byte, line);
                }
                return 1;
            }
            break;
        }
        if (left != right) {
            status = 1;
            if (silent) {
                return 1;
            }
            if (!all) {
                printf("%s %s differ: byte %llu, line %llu", paths[0], paths[1], byte + 1, line);
                printf(shows ? " is %3o %c %3o %c\n" : "\n", left, left, right, right);
                return fflush(stdout) != 0 ? 2 : 1;
            }
            printf("%llu %3o %3o\n", byte + 1, left, right);
        }
        line += left == '\n';
    }
    return fflush(stdout) != 0 ? 2 : status;
}

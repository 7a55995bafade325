/* fold: lines cut to a width. */
#include "../programs.h"
#include "../unix.h"
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t width = 80;
static bool at_spaces, bytes;

/* The column behind a character; those of UTF-8 count once, when their first byte comes. */
static size_t column_behind(size_t column, unsigned char c)
{
    if (bytes) {
        return column + 1;
    }
    switch (c) {
    case '\b': return column > 0 ? column - 1 : 0;
    case '\r': return 0;
    case '\t': return column + 8 - column % 8;
    default: return (c & 0xc0) == 0x80 ? column : column + 1;
    }
}

/* One line without its end, in pieces; all but the last are ended here. */
static void put_line(const char *line, size_t length)
{
    size_t start = 0, column = 0, space = 0;
    for (size_t at = 0; at < length; at++) {
        size_t next = column_behind(column, (unsigned char)line[at]);
        if (next > width && at > start) {
            size_t cut = at_spaces && space > start ? space : at;
            fwrite(line + start, 1, cut - start, stdout);
            putchar('\n');
            start = cut;
            column = 0;
            at = cut - 1;
            continue;
        }
        column = next;
        if (line[at] == ' ' || line[at] == '\t') {
            space = at + 1;
        }
    }
    fwrite(line + start, 1, length - start, stdout);
}

int fold_main(int argc, char **argv)
{
    static const struct option names[] = {
        {"width", required_argument, NULL, 'w'}, {"spaces", no_argument, NULL, 's'}, {"bytes", no_argument, NULL, 'b'}, {0},
    };
    int letter, status = 0;
    while ((letter = getopt_long(argc, argv, "w:sb", names, NULL)) != -1) {
        switch (letter) {
        case 'w':
            width = strtoul(optarg, NULL, 10);
            if (width == 0) {
                return complain("fold", "invalid number of columns: '%s'", optarg);
            }
            break;
        case 's': at_spaces = true; break;
        case 'b': bytes = true; break;
        default: return 1;
        }
    }
    static char *standard_input[] = {"-", NULL};
    for (char **path = optind < argc ? argv + optind : standard_input; *path != NULL; path++) {
        FILE *file = strcmp(*path, "-") == 0 ? stdin : fopen(*path, "r");
        char *line = NULL;
        size_t room = 0;
        ssize_t length;
        if (file == NULL) {
            status = complain("fold", "%s: %s", *path, strerror(errno));
            continue;
        }
        while ((length = getline(&line, &room, file)) > 0) {
            bool ended = line[length - 1] == '\n';
            put_line(line, (size_t)length - ended);
            if (ended) {
                putchar('\n');
            }
        }
        free(line);
        fclose(file);
    }
    return fflush(stdout) != 0 ? 1 : status;
}

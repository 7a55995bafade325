/* hostname, nproc, df and tput: what a sandbox says about the machine; and less, which shows all. */
#include "../programs.h"
#include "../unix.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int complain(const char *name, const char *format, ...)
{
    va_list rest;
    fflush(stdout);
    fprintf(stderr, "%s: ", name);
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    fputc('\n', stderr);
    return 1;
}

int hostname_main(int argc, char **argv)
{
    char name[256];
    gethostname(name, sizeof name);
    for (int at = 1; at < argc; at++) {
        if (argv[at][0] != '-') {
            return complain("hostname", "you must be root to change the host name");
        }
        if (strcmp(argv[at], "-s") == 0 || strcmp(argv[at], "--short") == 0) {
            name[strcspn(name, ".")] = '\0';
        }
    }
    puts(name);
    return 0;
}

/* One: a guest has one thread. */
int nproc_main(int argc, char **argv)
{
    puts("1");
    return 0;
}

/* ---- df ---- */

/* See docs/guest-abi.md, "Modes, owners and room". */
struct room {
    uint64_t bytes, bytes_used, entries, entries_used;
};
__attribute__((import_module("sandcell"), import_name("room"))) int host_room(struct room *out);

static void put_amount(unsigned long long bytes, int width, bool human, unsigned long long unit)
{
    if (!human) {
        printf("%*llu", width, (bytes + unit - 1) / unit);
        return;
    }
    static const char units[] = " KMGTPE";
    double amount = (double)bytes;
    int step = 0;
    for (; amount >= 1024 && units[step + 1] != '\0'; step++) {
        amount /= 1024;
    }
    char text[32];
    snprintf(text, sizeof text, step > 0 && amount < 10 ? "%.1f%c" : "%.0f%c", amount, units[step]);
    text[strcspn(text, " ")] = '\0';
    printf("%*s", width, text);
}

int df_main(int argc, char **argv)
{
    bool human = false, entries = false, type = false;
    unsigned long long unit = 1024;
    int letter;
    while ((letter = getopt(argc, argv, "hHkmPiTaB:")) != -1) {
        switch (letter) {
        case 'H':
        case 'h': human = true; break;
        case 'm': unit = 1 << 20; break;
        case 'i': entries = true; break;
        case 'T': type = true; break;
        case '?': return 1;
        default: break;
        }
    }
    for (int at = optind; at < argc; at++) {
        struct stat about;
        if (stat(argv[at], &about) != 0) {
            return complain("df", "%s: %s", argv[at], strerror(errno));
        }
    }
    struct room room = {0};
    host_room(&room);
    unsigned long long total = entries ? room.entries : room.bytes, used = entries ? room.entries_used : room.bytes_used;
    if (entries) {
        unit = 1;
    }
    const char *head = entries ? "Inodes" : human ? "Size" : unit == 1024 ? "1K-blocks" : "1M-blocks";
    printf("Filesystem%s %9s %9s %9s %4s Mounted on\n", type ? " Type    " : "", head, entries ? "IUsed" : "Used",
           entries ? "IFree" : human ? "Avail" : "Available", entries ? "IUse%" : "Use%");
    printf("sandcell  %s ", type ? " sandcell" : "");
    put_amount(total, 9, human, unit);
    putchar(' ');
    put_amount(used, 9, human, unit);
    putchar(' ');
    put_amount(total > used ? total - used : 0, 9, human, unit);
    printf(" %3llu%% /\n", total == 0 ? 0 : (used * 100 + total - 1) / total);
    return 0;
}

/* ---- less, more ---- */

/* As cat: nobody sits at a terminal here to be asked for the next page. */
int less_main(int argc, char **argv)
{
    static char buffer[65536];
    int status = 0;
    bool any = false;
    for (int at = 1; at < argc || !any; at++) {
        const char *path = at < argc ? argv[at] : "-";
        if (path[0] == '-' && path[1] != '\0') {
            continue;
        }
        any = true;
        int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY);
        ssize_t got = -1;
        while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0) {
            fwrite(buffer, 1, (size_t)got, stdout);
        }
        if (got < 0) {
            status = complain("less", "%s: %s", path, strerror(errno));
        }
        if (fd > 0) {
            close(fd);
        }
    }
    return fflush(stdout) != 0 ? 1 : status;
}

/* ---- tput ---- */

int tput_main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const char *columns = getenv("COLUMNS"), *lines = getenv("LINES");
    if (strcmp(what, "cols") == 0) {
        puts(columns == NULL ? "80" : columns);
    }
    else if (strcmp(what, "lines") == 0) {
        puts(lines == NULL ? "24" : lines);
    }
    else if (strcmp(what, "colors") == 0) {
        puts("8");
    }
    /* Everything else moves or colours what a terminal shows: nothing for a stream. */
    return 0;
}

/* hostname and nproc: what a sandbox says about the machine. */
#include "../programs.h"
#include <stdarg.h>
#include <stdio.h>
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

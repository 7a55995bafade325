/* One module for many tools: the name that it was called by says which.
 *
 * Those of ours, in programs/, come before toybox's.
 */
#include "unix.h"
#include <stdio.h>
#include <string.h>

#include "programs.h"

int toybox_program(int argc, char **argv);

static const struct {
    const char *name;
    int (*run)(int, char **);
} programs[] = {
#define PROGRAM(name, function) {name, function},
#include "programs.list"
#undef PROGRAM
};

int main(int argc, char **argv)
{
    if (argc < 1) {
        return 127;
    }
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash == NULL ? argv[0] : slash + 1;
    for (size_t at = 0; at < sizeof programs / sizeof *programs; at++) {
        if (strcmp(programs[at].name, name) == 0) {
            return programs[at].run(argc, argv);
        }
    }
    return toybox_program(argc, argv);
}

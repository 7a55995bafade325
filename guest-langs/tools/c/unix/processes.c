/* Other programs, started and waited for. */
#include "../unix.h"
#include <stdio.h>

/* No program can be started from a module yet: told as Unix tells that there is none. */
int unix_run(char **argv)
{
    fprintf(stderr, "%s: cannot be started: programs cannot start others in this sandbox\n", argv[0]);
    return 126;
}

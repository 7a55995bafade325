/* curl and wget: there is no way out of a sandbox, and they say so. */
#include "../programs.h"
#include <stdio.h>
#include <string.h>

/* curl's own status for a host that cannot be found, and wget's for a failure of the network. */
enum { CURL_NO_HOST = 6, WGET_NETWORK_FAILURE = 4 };

int curl_main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts("curl (Sandcell): network access is off in this sandbox");
        return 0;
    }
    fputs("curl: (6) network access is off in this sandbox\n", stderr);
    return CURL_NO_HOST;
}

int wget_main(int argc, char **argv)
{
    fputs("wget: network access is off in this sandbox\n", stderr);
    return WGET_NETWORK_FAILURE;
}

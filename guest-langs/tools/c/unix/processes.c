/* Other programs, started and waited for: docs/guest-abi.md, "Processes". */
#include "../unix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST(name) __attribute__((import_module("sandcell"), import_name(name)))

HOST("spawn") int host_spawn(const void *errand, size_t length);
HOST("wait_child") int host_wait_child(int process, int64_t timeout_ns, uint32_t *status);

enum { STREAMS = 3, NOT_FOUND = 127, NOT_STARTED = 126 };

extern char **environ;

struct errand {
    char *bytes;
    size_t length;
};

static void add(struct errand *errand, const void *data, size_t length)
{
    errand->bytes = realloc(errand->bytes, errand->length + length);
    if (errand->bytes == NULL) {
        abort();
    }
    memcpy(errand->bytes + errand->length, data, length);
    errand->length += length;
}

static void add_text(struct errand *errand, const char *text)
{
    add(errand, text, strlen(text) + 1);
}

static uint32_t count_of(char **list)
{
    uint32_t count = 0;
    while (list[count] != NULL) {
        count++;
    }
    return count;
}

/* Runs a program with our streams to its end; its exit status as a shell says it. */
int unix_run(char **argv)
{
    static char *none[] = {NULL};
    char **variables = environ == NULL ? none : environ;
    struct errand errand = {0};
    uint32_t head[] = {count_of(argv), count_of(variables), STREAMS, 0};
    add(&errand, head, sizeof head);
    for (uint32_t stream = 0; stream < STREAMS; stream++) {
        uint32_t pair[] = {stream, stream};
        add(&errand, pair, sizeof pair);
    }
    char folder[4096];
    add_text(&errand, "");
    add_text(&errand, getcwd(folder, sizeof folder) == NULL ? "" : folder);
    for (char **word = argv; *word != NULL; word++) {
        add_text(&errand, *word);
    }
    for (char **variable = variables; *variable != NULL; variable++) {
        add_text(&errand, *variable);
    }
    int process = host_spawn(errand.bytes, errand.length);
    free(errand.bytes);
    if (process < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(-process));
        return -process == ENOENT ? NOT_FOUND : NOT_STARTED;
    }
    uint32_t status;
    if (host_wait_child(process, -1, &status) < 0) {
        return NOT_STARTED;
    }
    return status & 0x7f ? 128 + (int)(status & 0x7f) : (int)(status >> 8 & 0xff);
}

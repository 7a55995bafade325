/* The holes that booting left in the heap.
 *
 * What a cell allocates would be put into them, one object here and the next one there, and each would make a page of
 * the image private to its guest. So they are filled before the freeze, which leaves the large free blocks, where
 * objects lie side by side. When memory runs out they are opened again.
 */
#include "kernel.h"

/* Of the allocator: tells of each block, in the order of addresses. `used` is 0 for a free one, whose `start` lies
 * behind the allocator's own words; a free block of nothing but those is left out. */
void malloc_inspect_all(void (*see)(void *start, void *end, size_t used, void *unused), void *unused);

/* Blocks from this size on stay free. */
#define LARGE_BLOCK ((size_t)64 * 1024)
#define SMALLEST_BLOCK ((size_t)16)
/* Bytes of a block that are not the caller's, and where the caller's begin. */
#define OVERHEAD ((size_t)4)
#define HEADER ((size_t)8)

#define HOLES_AT_ONCE 4096

static struct {
    char *reached; /* where the last block ended */
    size_t count;
    size_t sizes[HOLES_AT_ONCE];
} seen;

/* What fills a hole; a list. */
struct filling {
    struct filling *next;
};

static struct filling *fillings;

static void add(size_t size)
{
    if (size < LARGE_BLOCK && seen.count < HOLES_AT_ONCE) {
        seen.sizes[seen.count++] = size;
    }
}

static void see(void *start, void *end, size_t used, void *unused)
{
    if (used == 0) {
        add((size_t)((char *)end - seen.reached));
    }
    else if (seen.reached != NULL && (char *)start - HEADER == seen.reached + SMALLEST_BLOCK) {
        add(SMALLEST_BLOCK);
    }
    seen.reached = end;
}

void kernel_fill_holes(void)
{
    do {
        seen.reached = NULL;
        seen.count = 0;
        malloc_inspect_all(see, NULL);
        for (size_t index = 0; index < seen.count; index++) {
            /* The allocator takes what fits best: this block, or another one of its size. */
            struct filling *filling = calloc(1, seen.sizes[index] - OVERHEAD);
            if (filling != NULL) {
                filling->next = fillings;
                fillings = filling;
            }
        }
    } while (seen.count > 0);
}

/* Opens them for somebody who wants that many bytes, and got none. True when it is worth to ask again. */
bool kernel_open_holes(size_t wanted)
{
    bool any = fillings != NULL && wanted < LARGE_BLOCK;
    while (any && fillings != NULL) {
        struct filling *filling = fillings;
        fillings = filling->next;
        free(filling);
    }
    return any;
}

/* malloc and its kin for the guest: Doug Lea's allocator over memory.grow.
 *
 * zig's libc brings an allocator of power-of-two classes that never joins freed
 * blocks; an interpreter needs four times the memory with it. Its symbols are
 * weak, so these win at the link.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WASM_PAGE 65536

/* `sbrk` as the allocator wants it: whole wasm pages, never given back. */
static void *grow(intptr_t bytes)
{
    if (bytes == 0) {
        return (void *)((uintptr_t)__builtin_wasm_memory_size(0) * WASM_PAGE);
    }
    if (bytes < 0) {
        return (void *)-1;
    }
    uintptr_t page = __builtin_wasm_memory_grow(0, ((uintptr_t)bytes + WASM_PAGE - 1) / WASM_PAGE);
    return page == (uintptr_t)-1 ? (void *)-1 : (void *)(page * WASM_PAGE);
}

#define HAVE_MMAP 0
#define HAVE_MREMAP 0
#define HAVE_MORECORE 1
#define MORECORE grow
#define MORECORE_CONTIGUOUS 1
#define MORECORE_CANNOT_TRIM 1
#define NO_MALLINFO 1
#define NO_MALLOC_STATS 1
#define LACKS_SYS_MMAN_H 1
#define LACKS_SYS_PARAM_H 1
#define LACKS_UNISTD_H 1
#define LACKS_TIME_H 1
#define USE_LOCKS 0
#define ABORT __builtin_trap()
#define MALLOC_FAILURE_ACTION errno = ENOMEM
#define MALLOC_ALIGNMENT ((size_t)16U)
#define malloc_getpagesize ((size_t)WASM_PAGE)
#define DEFAULT_GRANULARITY ((size_t)WASM_PAGE)
#define sbrk grow
#include "dlmalloc.c"

void *aligned_alloc(size_t alignment, size_t size)
{
    return dlmemalign(alignment, size);
}

/* ---- giving memory back ---- */

/* Free blocks below this size are not worth a system call of the host. */
#define SMALLEST_SPAN ((size_t)WASM_PAGE)

typedef void (*visit_span)(uintptr_t start, uintptr_t end);

/* A tree of free blocks: same sizes hang in a ring, so it is at most as deep as a size has bits. */
static void visit_tree(tchunkptr tree, visit_span visit)
{
    if (tree == NULL) {
        return;
    }
    tchunkptr block = tree;
    do {
        /* the links at its start and the size at its end belong to the allocator */
        visit((uintptr_t)block + sizeof *block, (uintptr_t)block + chunksize(block));
        block = block->fd;
    } while (block != tree);
    visit_tree(tree->child[0], visit);
    visit_tree(tree->child[1], visit);
}

/* Show `visit` all that is free in large blocks. What it holds may change: nobody reads it before writing. */
void sandcell_visit_free_memory(visit_span visit)
{
    bindex_t smallest;
    compute_tree_index(SMALLEST_SPAN, smallest);
    for (bindex_t index = smallest; index < NTREEBINS; index++) {
        visit_tree(*treebin_at(gm, index), visit);
    }
    /* the block that the last small request was cut from is in no tree */
    if (gm->dv != NULL && gm->dvsize >= SMALLEST_SPAN) {
        visit((uintptr_t)gm->dv + sizeof(struct malloc_chunk), (uintptr_t)gm->dv + gm->dvsize);
    }
    if (gm->top != NULL) {
        visit((uintptr_t)gm->top + sizeof(struct malloc_chunk), (uintptr_t)gm->top + gm->topsize);
    }
}

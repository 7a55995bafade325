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

/* A memory never shrinks, and what was freed stays with the allocator, so one cell with a large list would keep its
 * megabytes for as long as the sandbox lives. Between cells the kernel names the pages that hold nothing, and the
 * host takes them away: they read as zeros (or as they were at boot) when they are used again. */
__attribute__((import_module("sandcell"), import_name("discard"))) void sandcell_discard(uintptr_t address,
                                                                                        uint32_t length);

/* The linker's name for the lowest address of the stack of C. */
extern unsigned char __stack_low;

#define PAGE ((uintptr_t)4096)
/* Free blocks below this size are not looked at: there may be many, and each is a call of the host. */
#define SMALLEST_BLOCK ((size_t)(4 * PAGE))
/* Stack that stays: what the next cell will touch at once. */
#define STACK_KEPT (16 * 1024)

/* Give back the whole pages between two addresses. */
void sandcell_give_back_span(uintptr_t start, uintptr_t end)
{
    start = (start + PAGE - 1) & ~(PAGE - 1);
    end &= ~(PAGE - 1);
    if (start < end) {
        sandcell_discard(start, (uint32_t)(end - start));
    }
}

/* A tree of free blocks: same sizes hang in a ring, so it is at most as deep as a size has bits. */
static void give_back_tree(tchunkptr tree)
{
    if (tree == NULL) {
        return;
    }
    tchunkptr block = tree;
    do {
        /* the links at its start and the size at its end belong to the allocator */
        sandcell_give_back_span((uintptr_t)block + sizeof *block, (uintptr_t)block + chunksize(block));
        block = block->fd;
    } while (block != tree);
    give_back_tree(tree->child[0]);
    give_back_tree(tree->child[1]);
}

static void give_back_block(mchunkptr block, size_t size)
{
    if (block != NULL && size >= SMALLEST_BLOCK) {
        sandcell_give_back_span((uintptr_t)block + sizeof *block, (uintptr_t)block + size);
    }
}

/* Give back all large free blocks, and the stack below the caller. */
void sandcell_give_back_free(void)
{
    bindex_t smallest;
    compute_tree_index(SMALLEST_BLOCK, smallest);
    for (bindex_t index = smallest; index < NTREEBINS; index++) {
        give_back_tree(*treebin_at(gm, index));
    }
    /* the block that the last small request was cut from, and the end of the memory, are in no tree */
    give_back_block(gm->dv, gm->dvsize);
    give_back_block(gm->top, gm->topsize);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = (uintptr_t)&__stack_low;
    if (here > low + STACK_KEPT) {
        sandcell_give_back_span(low, here - STACK_KEPT);
    }
}

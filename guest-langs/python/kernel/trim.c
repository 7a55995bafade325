/* Giving memory back: the export `sandcell_trim`.
 *
 * A memory never shrinks, and what a cell has freed stays with the allocator, so one cell with a large list would
 * keep its megabytes for as long as the sandbox lives. The host calls this between cells; it names the pages that
 * hold nothing, and the host takes them away: they read as zeros (or as they were at boot) when they are used again.
 */
#include "kernel.h"
#include <internal/pycore_interp.h>
#include <internal/pycore_obmalloc.h>
#include <internal/pycore_pystate.h>

HOST_IMPORT(discard) void sandcell_discard(uintptr_t address, uint32_t length);

void sandcell_visit_free_memory(void (*visit)(uintptr_t start, uintptr_t end));

/* The linker's name for the lowest address of the stack of C. */
extern unsigned char __stack_low;

#define PAGE ((uintptr_t)4096)
#define SMALLEST_SPAN (4 * PAGE)
/* Stack that stays: what the next cell will touch at once. */
#define STACK_KEPT (64 * 1024)

static void give_back(uintptr_t start, uintptr_t end)
{
    start = (start + PAGE - 1) & ~(PAGE - 1);
    end &= ~(PAGE - 1);
    if (start < end && end - start >= SMALLEST_SPAN) {
        sandcell_discard(start, (uint32_t)(end - start));
    }
}

#define POOLS_OF_AN_ARENA ((int)(ARENA_SIZE / POOL_SIZE))

/* Objects live in pools, pools in arenas; one object that lives on keeps its arena, and with it all pools that are
 * free again. Those at the end of an arena are made what they were before their first use: not yet carved. */
static void uncarve(struct arena_object *arena)
{
    unsigned char is_free[POOLS_OF_AN_ARENA] = {0};
    uintptr_t first = (uintptr_t)_Py_ALIGN_UP(arena->address, POOL_SIZE);
    for (struct pool_header *pool = arena->freepools; pool != NULL; pool = pool->nextpool) {
        uintptr_t index = ((uintptr_t)pool - first) / POOL_SIZE;
        if (index >= POOLS_OF_AN_ARENA) {
            return; /* damaged by what ran here */
        }
        is_free[index] = 1;
    }
    uintptr_t carved = (uintptr_t)arena->pool_address, keep = carved;
    while (keep > first && is_free[(keep - first) / POOL_SIZE - 1]) {
        keep -= POOL_SIZE;
    }
    if (carved - keep < SMALLEST_SPAN) {
        return;
    }
    struct pool_header **link = &arena->freepools;
    while (*link != NULL) {
        if ((uintptr_t)*link >= keep) {
            *link = (*link)->nextpool;
        }
        else {
            link = &(*link)->nextpool;
        }
    }
    arena->pool_address = (pymem_block *)keep;
    give_back(keep, carved);
}

static void trim_arenas(void)
{
    struct _obmalloc_mgmt *state = &_PyInterpreterState_GET()->obmalloc->mgmt;
    for (uint index = 0; index < state->maxarenas; index++) {
        struct arena_object *arena = &state->arenas[index];
        if (arena->address != 0 && arena->freepools != NULL) {
            uncarve(arena);
        }
    }
}

GUEST_EXPORT(sandcell_trim) void sandcell_trim(void)
{
    trim_arenas();
    sandcell_visit_free_memory(give_back);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = (uintptr_t)&__stack_low;
    if (here > low + STACK_KEPT) {
        give_back(low, here - STACK_KEPT);
    }
}

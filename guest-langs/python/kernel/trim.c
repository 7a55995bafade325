/* Giving memory back: the export `sandcell_trim`, which the host calls between cells. */
#include "kernel.h"
#include <internal/pycore_interp.h>
#include <internal/pycore_obmalloc.h>
#include <internal/pycore_pystate.h>

/* of the allocator below, see malloc.c */
void sandcell_give_back_span(uintptr_t start, uintptr_t end);
void sandcell_give_back_free(void);

#define POOLS_OF_AN_ARENA ((int)(ARENA_SIZE / POOL_SIZE))

/* Objects live in pools, pools in arenas; one object that lives on keeps its arena, and with it all pools that are
 * free again. They hang in a list that runs through the pools themselves. So that their pages can go, they move into
 * a set of bits, from which the allocator takes them when the list is empty (see patches.md). */
static void wipe_free_pools(struct arena_object *arena)
{
    uintptr_t first = FIRST_POOL(arena);
    uint64_t free_pools = 0;
    for (struct pool_header *pool = arena->freepools; pool != NULL; pool = pool->nextpool) {
        uintptr_t index = ((uintptr_t)pool - first) / POOL_SIZE;
        if (index >= POOLS_OF_AN_ARENA || (free_pools >> index & 1) != 0) {
            return; /* damaged by what ran here */
        }
        free_pools |= (uint64_t)1 << index;
    }
    arena->freepools = NULL;
    arena->wiped |= free_pools;
    while (free_pools != 0) {
        int start = __builtin_ctzll(free_pools);
        uint64_t others = ~(free_pools >> start);
        int length = others == 0 ? POOLS_OF_AN_ARENA - start : __builtin_ctzll(others);
        sandcell_give_back_span(first + (uintptr_t)start * POOL_SIZE, first + (uintptr_t)(start + length) * POOL_SIZE);
        free_pools &= ~((length == 64 ? ~(uint64_t)0 : ((uint64_t)1 << length) - 1) << start);
    }
}

_Static_assert(ARENA_SIZE / POOL_SIZE <= 64, "one bit for each pool");

static void trim_arenas(void)
{
    struct _obmalloc_mgmt *state = &_PyInterpreterState_GET()->obmalloc->mgmt;
    for (uint index = 0; index < state->maxarenas; index++) {
        struct arena_object *arena = &state->arenas[index];
        if (arena->address != 0 && arena->freepools != NULL) {
            wipe_free_pools(arena);
        }
    }
}

/* Frames of Python functions lie one behind the other on a stack of their own; what is above the top is old. */
static void trim_frames(void)
{
    PyThreadState *thread = PyThreadState_GetUnchecked();
    if (thread != NULL && thread->datastack_chunk != NULL) {
        sandcell_give_back_span((uintptr_t)thread->datastack_top, (uintptr_t)thread->datastack_limit);
    }
}

GUEST_EXPORT(sandcell_trim) void sandcell_trim(void)
{
    trim_arenas();
    trim_frames();
    sandcell_give_back_free();
}

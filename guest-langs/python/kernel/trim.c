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
    if (keep == carved) {
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
    sandcell_give_back_span(keep, carved);
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
    sandcell_give_back_free();
}

/* Giving memory back: the export `sandcell_trim`, which the host calls between cells. */
#include "kernel.h"

/* of the allocator below, see malloc.c */
void sandcell_give_back_free(void);

GUEST_EXPORT(sandcell_trim) void sandcell_trim(void)
{
    sandcell_give_back_free();
}

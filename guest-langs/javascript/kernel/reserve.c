/* Memory that the kernel keeps for itself.
 *
 * A cell may use up the last byte and keep it in a variable. The kernel must then still be able to say so, and to
 * compile the cell that lets go of it. While code of the user runs the reserve is held. It is never written to, so
 * it costs address space only.
 */
#include "kernel.h"

#define RESERVE (2 * 1024 * 1024)
#define LEFT (1024 * 1024)

static void *reserve;

/* Hold the reserve, where enough is left beside it for the cell that is to make room. */
void kernel_hold_reserve(void)
{
    if (reserve != NULL) {
        return;
    }
    /* Volatile: a compiler may leave out an allocation whose address nobody looks at, and take it for granted. */
    void *volatile both = malloc(RESERVE + LEFT);
    free(both);
    reserve = both == NULL ? NULL : malloc(RESERVE);
}

void kernel_release_reserve(void)
{
    free(reserve);
    reserve = NULL;
}

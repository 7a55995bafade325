/* Memory that the kernel keeps for itself.
 *
 * A cell may use up the last byte and keep it in a variable. The kernel must then still be able to say so, and to
 * compile the cell that lets go of it. While code of the user runs the reserve is held. It is never written to, so
 * it costs address space only.
 */
#include "kernel.h"

#define RESERVE (2 * 1024 * 1024)
#define SMALLEST_RESERVE (64 * 1024)

static void *reserve;
static size_t reserve_size;

/* Hold the whole reserve, or as much of it as can be had. */
void kernel_hold_reserve(void)
{
    for (size_t size = RESERVE; size > reserve_size && size >= SMALLEST_RESERVE; size /= 2) {
        void *block = malloc(size);
        if (block != NULL) {
            free(reserve);
            reserve = block;
            reserve_size = size;
        }
    }
}

void kernel_release_reserve(void)
{
    free(reserve);
    reserve = NULL;
    reserve_size = 0;
}

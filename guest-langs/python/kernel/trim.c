/* Giving memory back: the export `sandcell_trim`.
 *
 * A memory never shrinks, and what a cell has freed stays with the allocator, so one cell with a large list would
 * keep its megabytes for as long as the sandbox lives. The host calls this between cells; it names the pages that
 * hold nothing, and the host takes them away: they read as zeros (or as they were at boot) when they are used again.
 */
#include "kernel.h"

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

GUEST_EXPORT(sandcell_trim) void sandcell_trim(void)
{
    sandcell_visit_free_memory(give_back);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = (uintptr_t)&__stack_low;
    if (here > low + STACK_KEPT) {
        give_back(low, here - STACK_KEPT);
    }
}

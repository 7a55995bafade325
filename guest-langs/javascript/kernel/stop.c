/* How the host makes a running guest look up, and asks it to stop. */
#include "kernel.h"

/* Two words side by side, so that the interpreter sees both with one look. The lower one is the stop word, which
 * all loops look at; the upper one the host sets when the cell is to end. */
volatile uint64_t sandcell_stop;

static volatile uint32_t *interrupt_word(void)
{
    return (volatile uint32_t *)&sandcell_stop + 1;
}

static struct {
    uint32_t count;
    uint32_t address;
    uint32_t bits;
} table;

GUEST_EXPORT(sandcell_interrupt) const void *sandcell_interrupt(void)
{
    table.count = 1;
    table.address = (uint32_t)(uintptr_t)interrupt_word();
    table.bits = 1;
    return &table;
}

bool kernel_interrupted(void)
{
    return *interrupt_word() != 0;
}

void kernel_clear_interrupt(void)
{
    *interrupt_word() = 0;
}

/* Asked by the engine when it has looked up: true ends what runs, by an error that cannot be caught. */
int kernel_on_poll(JSContext *context, void *unused)
{
    return *interrupt_word() != 0;
}

/* How the host makes a running guest look up, and asks it to stop. */
#include "kernel.h"

/* Looked at by all loops; the engine's interpreter looks by itself. */
volatile uint32_t sandcell_stop;

/* Set by the host when the cell is to end. The stop word is set with it, so that the interpreter looks
 * at once, also in the variant that counts fuel, whose loops carry no looks. */
static volatile uint32_t interrupt;

static struct {
    uint32_t count;
    struct {
        uint32_t address;
        uint32_t bits;
    } words[2];
} table;

GUEST_EXPORT(sandcell_interrupt) const void *sandcell_interrupt(void)
{
    table.count = 2;
    table.words[0].address = (uint32_t)(uintptr_t)&interrupt;
    table.words[0].bits = 1;
    table.words[1].address = (uint32_t)(uintptr_t)&sandcell_stop;
    table.words[1].bits = 1;
    return &table;
}

bool kernel_interrupted(void)
{
    return interrupt != 0;
}

void kernel_clear_interrupt(void)
{
    interrupt = 0;
}

/* Asked by the engine when it has looked up: true ends what runs, by an error that cannot be caught. */
int kernel_on_poll(JSContext *context, void *unused)
{
    return interrupt != 0;
}

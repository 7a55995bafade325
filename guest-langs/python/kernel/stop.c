/* The stop word: how the host gets the attention of a running guest.
 *
 * The linker exports the word's address as `sandcell_stop`. When an image is built, the runtime puts a look at the
 * word into each loop and each function of the module that calls others; while it is not zero they call
 * `sandcell.check`. The function below is that look written out, so that the import is linked in.
 */
#include "kernel.h"

HOST_IMPORT(check) void sandcell_check(void);

volatile uint32_t sandcell_stop;

GUEST_EXPORT(sandcell_look) void sandcell_look(void)
{
    if (sandcell_stop != 0) {
        sandcell_check();
    }
}

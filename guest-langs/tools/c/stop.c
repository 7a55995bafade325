/* The stop word, as in all guests: docs/guest-abi.md, "The stop word". */
#include <stdint.h>

__attribute__((import_module("sandcell"), import_name("check"))) void sandcell_check(void);

volatile uint32_t sandcell_stop;

__attribute__((export_name("sandcell_look"))) void sandcell_look(void)
{
    if (sandcell_stop != 0) {
        sandcell_check();
    }
}

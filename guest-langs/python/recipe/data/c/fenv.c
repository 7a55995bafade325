/* Floating-point status: WebAssembly's operations set no flags, so only those raised by hand are there.
 *
 * zig's libc has functions of these names that do nothing. All of its file is replaced, so that none of it is
 * linked. The names of flags are given by data/flags.sh.
 */
#include <fenv.h>

static int raised;

int feclearexcept(int mask)
{
    raised &= ~mask;
    return 0;
}

int feraiseexcept(int mask)
{
    raised |= mask;
    return 0;
}

int fetestexcept(int mask)
{
    return raised & mask;
}

int fegetround(void)
{
    return FE_TONEAREST;
}

int __fesetround(int mode)
{
    return mode == FE_TONEAREST ? 0 : -1;
}

int fegetenv(fenv_t *environment)
{
    environment->__cw = (unsigned long)raised;
    return 0;
}

int fesetenv(const fenv_t *environment)
{
    raised = environment == FE_DFL_ENV ? 0 : (int)environment->__cw;
    return 0;
}

/* Included before SQLite: locks of files, as they are where there is one process.
 *
 * WASI has none. SQLite's "unix" files ask the system only whether other processes
 * hold a lock; between connections of one process they keep the books themselves.
 * The system's part always agrees.
 */
#include <fcntl.h>
#include <stdarg.h>

/* The headers for WASI leave the names out. */
#ifndef F_SETLK
#  define F_RDLCK 0
#  define F_WRLCK 1
#  define F_UNLCK 2
#  define F_GETLK 5
#  define F_SETLK 6
#  define F_SETLKW 7
#endif

static int one_process_fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    switch (command) {
    case F_GETLK:
        ((struct flock *)argument)->l_type = F_UNLCK;
        return 0;
    case F_SETLK:
    case F_SETLKW:
        return 0;
    default:
        return fcntl(descriptor, command, argument);
    }
}

#define fcntl one_process_fcntl

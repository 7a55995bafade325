/* The libc functions that hand out memory of their own making.
 *
 * zig's versions are bound to zig's own allocator: what they return must not be
 * given to another allocator's `free`.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *strndup(const char *text, size_t limit)
{
    size_t length = strnlen(text, limit);
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

wchar_t *wcsdup(const wchar_t *text)
{
    size_t size = (wcslen(text) + 1) * sizeof *text;
    wchar_t *copy = malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

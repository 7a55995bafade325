/* The working directory by a descriptor: preview 1 has neither, and the C library keeps a path. */
#include "../unix.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* Puts "/NAME" of the folder `inode` of `parent` before `at`; 0 when it is not there or does not fit. */
static char *put_name(int parent, ino_t inode, char *start, char *at)
{
    int again = openat(parent, ".", O_RDONLY | O_DIRECTORY);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (entries == NULL) {
        if (again >= 0) {
            close(again);
        }
        return NULL;
    }
    char *found = NULL;
    struct dirent *entry;
    while (found == NULL && (entry = readdir(entries)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (entry->d_ino == inode && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0
            && (size_t)(at - start) > length) {
            found = at - length - 1;
            *found = '/';
            memcpy(found + 1, entry->d_name, length);
        }
    }
    closedir(entries);
    return found;
}

/* Goes up to the root, which is its own parent, and gathers the names on the way. */
int fchdir(int folder)
{
    char path[PATH_BYTES];
    char *at = path + sizeof path - 1;
    *at = 0;
    int here = folder;
    for (;;) {
        struct stat self, above;
        int parent = openat(here, "..", O_RDONLY | O_DIRECTORY);
        int known = parent >= 0 && fstat(here, &self) == 0 && fstat(parent, &above) == 0;
        if (here != folder) {
            close(here);
        }
        if (!known) {
            if (parent >= 0) {
                close(parent);
            }
            return -1;
        }
        here = parent;
        if (self.st_dev == above.st_dev && self.st_ino == above.st_ino) {
            close(parent);
            return chdir(*at == 0 ? "/" : at);
        }
        at = put_name(parent, self.st_ino, path, at);
        if (at == NULL) {
            close(parent);
            errno = ENOENT;
            return -1;
        }
    }
}

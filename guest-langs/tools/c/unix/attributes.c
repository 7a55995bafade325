/* Modes and owners of files, which preview 1 does not know and the sandbox's files have. */
#include "../unix.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc.h>

#undef open
#undef openat
#undef stat
#undef lstat
#undef fstat
#undef fstatat
#undef access
#undef faccessat
#undef mkdir
#undef mkdirat

#define HOST(name) __attribute__((import_module("sandcell"), import_name(name)))

/* See docs/guest-abi.md, "Modes and owners". */
struct attributes {
    uint32_t mode, owner, group;
};
enum { FOLLOW = 1 };
enum { SET_MODE = 1, SET_OWNER = 2, SET_GROUP = 4 };
HOST("attributes") int host_attributes(int fd, int flags, const char *path, size_t length, struct attributes *out);
HOST("set_attributes")
int host_set_attributes(int fd, int flags, const char *path, size_t length, int which, uint32_t mode, uint32_t owner,
                        uint32_t group);

static mode_t mask = 022;

mode_t umask(mode_t wanted)
{
    mode_t before = mask;
    mask = wanted & 0777;
    return before;
}

/* The directory that a path starts at, with the rest of it; -1 with errno. */
static int start_of(int fd, const char *path, const char **rest)
{
    static char *buffer;
    static size_t size;
    *rest = path;
    if (fd != AT_FDCWD && path[0] != '/') {
        return fd;
    }
    const char *prefix;
    int found = __wasilibc_find_relpath_alloc != NULL
                    ? __wasilibc_find_relpath_alloc(path, &prefix, &buffer, &size, 1)
                    : -1;
    if (found < 0) {
        errno = ENOENT;
        return -1;
    }
    *rest = buffer;
    return found;
}

static int answer(int error)
{
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

/* Adds what the host knows more to what preview 1 said. */
static int complete(int result, int fd, const char *path, bool follow, struct stat *out)
{
    if (result != 0) {
        return result;
    }
    struct attributes known;
    const char *rest = "";
    int start = path == NULL ? fd : start_of(fd, path, &rest);
    if (start >= 0 && host_attributes(start, follow ? FOLLOW : 0, rest, strlen(rest), &known) == 0) {
        out->st_mode = (out->st_mode & S_IFMT) | (known.mode & 07777);
        out->st_uid = known.owner;
        out->st_gid = known.group;
    }
    else {
        /* a stream */
        out->st_mode |= 0620;
        out->st_uid = getuid();
        out->st_gid = getgid();
    }
    if (S_ISDIR(out->st_mode)) {
        /* as a folder of few names has on Linux */
        out->st_size = 4096;
    }
    out->st_blksize = 4096;
    out->st_blocks = (out->st_size + 4095) / 4096 * 8;
    return 0;
}

int unix_stat(const char *path, struct stat *out)
{
    return complete(stat(path, out), AT_FDCWD, path, true, out);
}

int unix_lstat(const char *path, struct stat *out)
{
    return complete(lstat(path, out), AT_FDCWD, path, false, out);
}

int unix_fstat(int fd, struct stat *out)
{
    int result = fstat(fd, out);
    /* Of a stream preview 1 says nothing, and a tool that sees no type takes it for a fault. */
    if (result == 0 && (out->st_mode & S_IFMT) == 0) {
        out->st_mode |= isatty(fd) ? S_IFCHR : S_IFIFO;
    }
    return complete(result, fd, NULL, true, out);
}

int unix_fstatat(int fd, const char *path, struct stat *out, int flags)
{
    if (path[0] == '\0' && fd != AT_FDCWD) {
        return unix_fstat(fd, out);
    }
    return complete(fstatat(fd, path, out, flags & AT_SYMLINK_NOFOLLOW), fd, path, !(flags & AT_SYMLINK_NOFOLLOW), out);
}

/* What the user may do, by the mode alone: root may do all, but run what nobody may run. */
static int allowed(const struct stat *about, int how)
{
    mode_t mode = about->st_mode;
    int given = getuid() == about->st_uid ? mode >> 6 : getgid() == about->st_gid ? mode >> 3 : mode;
    if (getuid() == 0) {
        given = R_OK | W_OK | ((mode & 0111) || S_ISDIR(mode) ? 1 : 0);
    }
    else {
        given &= 7;
    }
    /* The headers for WASI number these as Unix does: 4, 2, 1. */
    int wanted = (how & R_OK ? 4 : 0) | (how & W_OK ? 2 : 0) | (how & X_OK ? 1 : 0);
    if (getuid() == 0) {
        given = 6 | (given & 1);
    }
    if (wanted & ~given) {
        errno = EACCES;
        return -1;
    }
    return 0;
}

int unix_faccessat(int fd, const char *path, int how, int flags)
{
    struct stat about;
    return unix_fstatat(fd, path, &about, flags & AT_SYMLINK_NOFOLLOW) ? -1 : allowed(&about, how);
}

int unix_access(const char *path, int how)
{
    struct stat about;
    return unix_stat(path, &about) ? -1 : allowed(&about, how);
}

static int set(int fd, const char *path, bool follow, int which, mode_t mode, uid_t owner, gid_t group)
{
    const char *rest = "";
    int start = path == NULL ? fd : start_of(fd, path, &rest);
    if (start < 0) {
        return -1;
    }
    if (path != NULL && path[0] == '\0') {
        return answer(ENOENT);
    }
    return answer(host_set_attributes(start, follow ? FOLLOW : 0, rest, strlen(rest), which, mode, owner, group));
}

int unix_chmod(const char *path, mode_t mode)
{
    return set(AT_FDCWD, path, true, SET_MODE, mode & 07777, 0, 0);
}

int unix_fchmod(int fd, mode_t mode)
{
    return set(fd, NULL, true, SET_MODE, mode & 07777, 0, 0);
}

int unix_fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    return set(fd, path, !(flags & AT_SYMLINK_NOFOLLOW), SET_MODE, mode & 07777, 0, 0);
}

static int which_owner(uid_t owner, gid_t group)
{
    return (owner == (uid_t)-1 ? 0 : SET_OWNER) | (group == (gid_t)-1 ? 0 : SET_GROUP);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return set(AT_FDCWD, path, true, which_owner(owner, group), 0, owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return set(AT_FDCWD, path, false, which_owner(owner, group), 0, owner, group);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return set(fd, NULL, true, which_owner(owner, group), 0, owner, group);
}

int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags)
{
    return set(fd, path, !(flags & AT_SYMLINK_NOFOLLOW), which_owner(owner, group), 0, owner, group);
}

/* ---- making files ---- */

/* What the sandbox gives a new file and a new folder by itself. */
#define MODE_OF_FILES 0644
#define MODE_OF_FOLDERS 0755

/* Flags that preview 1 knows; a way of access where the tool means 0 to be "read". */
static int known_flags(int flags)
{
    flags &= ~(02000000 | 010000000 | 01000000 | 040000);
    if (!(flags & (O_RDWR | O_EXEC | O_SEARCH))) {
        flags |= O_RDONLY;
    }
    return flags;
}

int unix_openat(int fd, const char *path, int flags, ...)
{
    mode_t mode = MODE_OF_FILES;
    if (flags & O_CREAT) {
        __builtin_va_list rest;
        __builtin_va_start(rest, flags);
        mode = __builtin_va_arg(rest, mode_t) & 07777 & ~mask;
        __builtin_va_end(rest);
    }
    struct stat before;
    bool special = (flags & O_CREAT) && mode != MODE_OF_FILES && fstatat(fd, path, &before, 0) != 0;
    int opened = openat(fd, path, known_flags(flags));
    if (opened >= 0 && special) {
        unix_fchmod(opened, mode);
    }
    return opened;
}

int unix_open(const char *path, int flags, ...)
{
    mode_t mode = MODE_OF_FILES;
    if (flags & O_CREAT) {
        __builtin_va_list rest;
        __builtin_va_start(rest, flags);
        mode = __builtin_va_arg(rest, mode_t);
        __builtin_va_end(rest);
    }
    return unix_openat(AT_FDCWD, path, flags, mode);
}

int unix_mkdirat(int fd, const char *path, mode_t mode)
{
    int result = mkdirat(fd, path, mode);
    mode &= 07777 & ~mask;
    if (result == 0 && mode != MODE_OF_FOLDERS) {
        unix_fchmodat(fd, path, mode, 0);
    }
    return result;
}

int unix_mkdir(const char *path, mode_t mode)
{
    return unix_mkdirat(AT_FDCWD, path, mode);
}

/* ---- names that nobody has ---- */

enum { TRIES = 100, PLACES = 6 };

static void invent(char *place)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned char bytes[PLACES];
    getentropy(bytes, sizeof bytes);
    for (int at = 0; at < PLACES; at++) {
        place[at] = letters[bytes[at] % (sizeof letters - 1)];
    }
}

static char *places_of(char *template)
{
    size_t length = strlen(template);
    if (length < PLACES || strcmp(template + length - PLACES, "XXXXXX") != 0) {
        errno = EINVAL;
        return NULL;
    }
    return template + length - PLACES;
}

int unix_mkstemp(char *template)
{
    char *places = places_of(template);
    for (int tries = 0; places != NULL && tries < TRIES; tries++) {
        invent(places);
        int fd = unix_open(template, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

char *unix_mkdtemp(char *template)
{
    char *places = places_of(template);
    for (int tries = 0; places != NULL && tries < TRIES; tries++) {
        invent(places);
        if (unix_mkdir(template, 0700) == 0) {
            return template;
        }
        if (errno != EEXIST) {
            return NULL;
        }
    }
    return NULL;
}

int truncate(const char *path, off_t length)
{
    int fd = unix_open(path, O_WRONLY);
    if (fd < 0) {
        return -1;
    }
    int result = ftruncate(fd, length);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

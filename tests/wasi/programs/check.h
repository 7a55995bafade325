// One line for each case that is not as it should be; the count at the end.
// Raw calls of preview 1, so that the C library does not smooth anything over.
#pragma once
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <wasi/api.h>

static int cases, wrong;

static void check_at(int line, const char *what, long long got, long long wanted) {
    cases++;
    if (got != wanted) {
        wrong++;
        printf("line %d: %s is %lld and not %lld\n", line, what, got, wanted);
    }
}

#define CHECK(what, wanted) check_at(__LINE__, #what, (long long)(what), (long long)(wanted))
#define OK(what) CHECK(what, 0)

#define ROOT 3
#define FOLLOW __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW
#define CREAT __WASI_OFLAGS_CREAT
#define DIR __WASI_OFLAGS_DIRECTORY
#define EXCL __WASI_OFLAGS_EXCL
#define TRUNC __WASI_OFLAGS_TRUNC
#define APPEND __WASI_FDFLAGS_APPEND
#define READ __WASI_RIGHTS_FD_READ
#define WRITE __WASI_RIGHTS_FD_WRITE
#define RW (READ | WRITE)
#define E(name) __WASI_ERRNO_##name

static int open_at(int fd, const char *path, int oflags, uint64_t rights, int fdflags) {
    __wasi_fd_t opened = 0;
    int error = __wasi_path_open(fd, FOLLOW, path, oflags, rights, rights, fdflags, &opened);
    return error ? -error : (int)opened;
}

static int opened(const char *path, int oflags, uint64_t rights) {
    return open_at(ROOT, path, oflags, rights, 0);
}

static int put(int fd, const char *text) {
    __wasi_ciovec_t buffer = {(const uint8_t *)text, strlen(text)};
    __wasi_size_t done = 0;
    int error = __wasi_fd_write(fd, &buffer, 1, &done);
    return error ? -error : (int)done;
}

static char got[256];

static int take(int fd, int size) {
    __wasi_iovec_t buffer = {(uint8_t *)got, size};
    __wasi_size_t done = 0;
    memset(got, 0, sizeof got);
    int error = __wasi_fd_read(fd, &buffer, 1, &done);
    return error ? -error : (int)done;
}

static long long seek(int fd, long long offset, int whence) {
    __wasi_filesize_t at = 0;
    int error = __wasi_fd_seek(fd, offset, whence, &at);
    return error ? -error : (long long)at;
}

static int make(const char *path, const char *text) {
    int fd = opened(path, CREAT | TRUNC, RW);
    if (fd < 0) return fd;
    int done = put(fd, text);
    if (__wasi_fd_close(fd)) return -1;
    return done < 0 ? done : 0;
}

static __wasi_filestat_t stat;

static int look(const char *path, int flags) {
    memset(&stat, 0, sizeof stat);
    return __wasi_path_filestat_get(ROOT, flags, path, &stat);
}

static int finish(const char *name) {
    printf("%s: %d cases, %d wrong\n", name, cases, wrong);
    return wrong ? 1 : 0;
}

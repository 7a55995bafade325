// Calls on descriptors: reading, writing, offsets, sizes, times, flags, listings.
#include "check.h"
#include <stdlib.h>

static void bytes(void) {
    __wasi_size_t done = 0;
    int fd = opened("f", CREAT | EXCL, RW);
    CHECK(fd >= 4, 1);
    CHECK(opened("f", CREAT | EXCL, RW), -E(EXIST));
    CHECK(put(fd, "0123456789"), 10);
    CHECK(take(fd, 4), 0);
    CHECK(seek(fd, 2, __WASI_WHENCE_SET), 2);
    CHECK(take(fd, 3), 3);
    CHECK(memcmp(got, "234", 3), 0);
    CHECK(seek(fd, 0, __WASI_WHENCE_CUR), 5);
    CHECK(seek(fd, -2, __WASI_WHENCE_END), 8);
    CHECK(seek(fd, -3, __WASI_WHENCE_SET), -E(INVAL));
    CHECK(seek(fd, -20, __WASI_WHENCE_CUR), -E(INVAL));
    CHECK(seek(fd, 0, 7), -E(INVAL));
    __wasi_filesize_t at = 0;
    OK(__wasi_fd_tell(fd, &at));
    CHECK(at, 8);
    __wasi_iovec_t into = {(uint8_t *)got, 4};
    OK(__wasi_fd_pread(fd, &into, 1, 6, &done));
    CHECK(done, 4);
    __wasi_ciovec_t from[2] = {{(const uint8_t *)"ab", 2}, {(const uint8_t *)"cd", 2}};
    OK(__wasi_fd_pwrite(fd, from, 2, 0, &done));
    CHECK(done, 4);
    OK(__wasi_fd_tell(fd, &at));
    CHECK(at, 8);
    CHECK(__wasi_fd_pread(fd, &into, 1, UINT64_MAX, &done), E(INVAL));
    CHECK(__wasi_fd_read(fd, (__wasi_iovec_t *)0xfffffff0, 1, &done), E(FAULT));
    CHECK(seek(fd, 20, __WASI_WHENCE_SET), 20);
    CHECK(put(fd, "x"), 1);
    OK(look("f", 0));
    CHECK(stat.size, 21);
    CHECK(seek(fd, 12, __WASI_WHENCE_SET), 12);
    CHECK(take(fd, 2), 2);
    CHECK(got[0] | got[1], 0);
    OK(__wasi_fd_filestat_set_size(fd, 5));
    CHECK(seek(fd, 0, __WASI_WHENCE_END), 5);
    OK(__wasi_fd_filestat_set_size(fd, 9));
    CHECK(seek(fd, 0, __WASI_WHENCE_END), 9);
    OK(__wasi_fd_close(fd));
    CHECK(__wasi_fd_close(fd), E(BADF));
    CHECK(take(fd, 1), -E(BADF));
    fd = opened("f", TRUNC, RW);
    CHECK(seek(fd, 0, __WASI_WHENCE_END), 0);
    OK(__wasi_fd_close(fd));
}

static void access(void) {
    OK(make("g", "text"));
    int fd = opened("g", 0, READ);
    CHECK(put(fd, "x"), -E(BADF));
    CHECK(__wasi_fd_filestat_set_size(fd, 1), E(INVAL));
    CHECK(__wasi_fd_allocate(fd, 0, 10), E(BADF));
    OK(__wasi_fd_close(fd));
    fd = opened("g", 0, WRITE);
    CHECK(take(fd, 1), -E(BADF));
    OK(__wasi_fd_close(fd));
    fd = open_at(ROOT, "g", 0, RW, APPEND);
    CHECK(put(fd, "+1"), 2);
    CHECK(seek(fd, 0, __WASI_WHENCE_SET), 0);
    CHECK(put(fd, "+2"), 2);
    OK(look("g", 0));
    CHECK(stat.size, 8);
    __wasi_fdstat_t status;
    OK(__wasi_fd_fdstat_get(fd, &status));
    CHECK(status.fs_flags, APPEND);
    CHECK(status.fs_filetype, __WASI_FILETYPE_REGULAR_FILE);
    CHECK((status.fs_rights_base & RW) == RW, 1);
    OK(__wasi_fd_fdstat_set_flags(fd, 0));
    CHECK(seek(fd, 0, __WASI_WHENCE_SET), 0);
    CHECK(put(fd, "T"), 1);
    OK(look("g", 0));
    CHECK(stat.size, 8);
    CHECK(__wasi_fd_fdstat_set_flags(fd, 64), E(INVAL));
    CHECK(__wasi_fd_fdstat_set_flags(99, 0), E(BADF));
    CHECK(__wasi_fd_fdstat_set_rights(fd, READ, READ), E(NOTSUP));
    CHECK(__wasi_fd_fdstat_set_rights(99, READ, READ), E(BADF));
    OK(__wasi_fd_close(fd));
    CHECK(opened("g", DIR, READ), -E(NOTDIR));
    CHECK(opened("g/", 0, READ), -E(NOTDIR));
    CHECK(opened("new/", CREAT, RW), -E(ISDIR));
    CHECK(opened(".", 0, RW), -E(ISDIR));
    CHECK(opened("none", 0, READ), -E(NOENT));
    CHECK(opened("", 0, READ), -E(NOENT));
    CHECK(opened("g", DIR | CREAT, RW), -E(INVAL));
    CHECK(opened("g", 64, READ), -E(INVAL));
    fd = opened("kept", CREAT, RW);
    CHECK(put(fd, "still"), 5);
    OK(__wasi_path_unlink_file(ROOT, "kept"));
    CHECK(seek(fd, 0, __WASI_WHENCE_SET), 0);
    CHECK(take(fd, 9), 5);
    __wasi_filestat_t gone;
    OK(__wasi_fd_filestat_get(fd, &gone));
    CHECK(gone.nlink, 0);
    OK(__wasi_fd_close(fd));
}

static void room(void) {
    int fd = opened("room", CREAT, RW);
    OK(__wasi_fd_allocate(fd, 0, 1000));
    CHECK(seek(fd, 0, __WASI_WHENCE_END), 1000);
    OK(__wasi_fd_allocate(fd, 0, 10));
    CHECK(seek(fd, 0, __WASI_WHENCE_END), 1000);
    CHECK(__wasi_fd_allocate(fd, 0, 0), E(INVAL));
    CHECK(__wasi_fd_allocate(fd, 0, 1ull << 62), E(FBIG));
    OK(__wasi_fd_advise(fd, 0, 0, __WASI_ADVICE_SEQUENTIAL));
    CHECK(__wasi_fd_advise(fd, 0, 0, 9), E(INVAL));
    CHECK(__wasi_fd_advise(1, 0, 0, 0), E(SPIPE));
    CHECK(__wasi_fd_advise(ROOT, 0, 0, 0), E(BADF));
    OK(__wasi_fd_sync(fd));
    OK(__wasi_fd_datasync(fd));
    CHECK(__wasi_fd_sync(99), E(BADF));
    CHECK(seek(1, 0, __WASI_WHENCE_CUR), -E(SPIPE));
    CHECK(seek(ROOT, 0, __WASI_WHENCE_CUR), -E(ISDIR));
    OK(__wasi_fd_close(fd));
}

static void times(void) {
    OK(make("time", "x"));
    int set = __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
    OK(__wasi_path_filestat_set_times(ROOT, 0, "time", 111, 222, set));
    OK(look("time", 0));
    CHECK(stat.atim, 111);
    CHECK(stat.mtim, 222);
    CHECK(stat.ctim > 222, 1);
    OK(__wasi_path_filestat_set_times(ROOT, 0, "time", 0, 333, __WASI_FSTFLAGS_MTIM));
    OK(look("time", 0));
    CHECK(stat.atim, 111);
    CHECK(stat.mtim, 333);
    int fd = opened("time", 0, RW);
    OK(__wasi_fd_filestat_set_times(fd, 444, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM_NOW));
    OK(look("time", 0));
    CHECK(stat.atim, 444);
    CHECK(stat.mtim > 1000000000, 1);
    int both = __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW;
    CHECK(__wasi_fd_filestat_set_times(fd, 0, 0, both), E(INVAL));
    CHECK(__wasi_path_filestat_set_times(ROOT, 0, "none", 1, 1, set), E(NOENT));
    OK(__wasi_path_symlink("time", ROOT, "timelink"));
    OK(__wasi_path_filestat_set_times(ROOT, 0, "timelink", 5, 6, set));
    OK(look("time", 0));
    CHECK(stat.atim, 444);
    OK(look("timelink", 0));
    CHECK(stat.mtim, 6);
    OK(__wasi_fd_close(fd));
}

static void renumbering(void) {
    int one = opened("one", CREAT, RW), two = opened("two", CREAT, RW);
    CHECK(put(one, "one"), 3);
    CHECK(two, one + 1);
    OK(__wasi_fd_renumber(one, two));
    CHECK(put(one, "x"), -E(BADF));
    CHECK(seek(two, 0, __WASI_WHENCE_CUR), 3);
    OK(__wasi_fd_renumber(two, two));
    CHECK(__wasi_fd_renumber(two, 99), E(BADF));
    CHECK(__wasi_fd_renumber(99, two), E(BADF));
    CHECK(opened("two", 0, READ), one);
    OK(__wasi_fd_close(one));
    OK(__wasi_fd_close(two));
}

static int listed(int fd, int size, int *rounds) {
    static uint8_t buffer[4096];
    __wasi_dircookie_t cookie = 0;
    int count = 0;
    for (*rounds = 0; *rounds < 1000; (*rounds)++) {
        __wasi_size_t used = 0;
        int error = __wasi_fd_readdir(fd, buffer, size, cookie, &used);
        if (error) return -error;
        __wasi_size_t at = 0;
        while (at + sizeof(__wasi_dirent_t) <= used) {
            __wasi_dirent_t entry;
            memcpy(&entry, buffer + at, sizeof entry);
            if (at + sizeof entry + entry.d_namlen > used) break;
            at += sizeof entry + entry.d_namlen;
            cookie = entry.d_next;
            count++;
        }
        if (used < (__wasi_size_t)size) return count;
    }
    return -1;
}

static void listings(void) {
    char name[32];
    int rounds = 0;
    OK(__wasi_path_create_directory(ROOT, "many"));
    for (int at = 0; at < 100; at++) {
        snprintf(name, sizeof name, "many/file%03d", at);
        if (make(name, "")) CHECK(at, -1);
    }
    int fd = opened("many", DIR, READ);
    CHECK(listed(fd, 4096, &rounds), 102);
    CHECK(listed(fd, 64, &rounds), 102);
    CHECK(rounds > 40, 1);
    __wasi_size_t used = 0;
    uint8_t small[10];
    OK(__wasi_fd_readdir(fd, small, sizeof small, 0, &used));
    CHECK(used, 10);
    OK(__wasi_path_unlink_file(ROOT, "many/file050"));
    CHECK(listed(fd, 4096, &rounds), 101);
    int file = opened("many/file001", 0, READ);
    CHECK(__wasi_fd_readdir(file, small, sizeof small, 0, &used), E(NOTDIR));
    CHECK(__wasi_fd_readdir(1, small, sizeof small, 0, &used), E(BADF));
    OK(__wasi_fd_close(file));
    CHECK(open_at(fd, "file001", 0, READ, 0) > 0, 1);
    CHECK(put(fd, "x"), -E(BADF));
    CHECK(take(fd, 1), -E(ISDIR));
    __wasi_prestat_t given;
    OK(__wasi_fd_prestat_get(ROOT, &given));
    CHECK(given.u.dir.pr_name_len, 1);
    CHECK(__wasi_fd_prestat_get(fd, &given), E(BADF));
    CHECK(__wasi_fd_prestat_dir_name(ROOT, small, 0), E(NAMETOOLONG));
    OK(__wasi_fd_prestat_dir_name(ROOT, small, 1));
    CHECK(small[0], '/');
}

static void waiting(void) {
    __wasi_event_t events[2];
    __wasi_size_t count = 0;
    CHECK(__wasi_poll_oneoff(NULL, events, 0, &count), E(INVAL));
    __wasi_subscription_t wait[2];
    memset(wait, 0, sizeof wait);
    wait[0].userdata = 7;
    wait[0].u.tag = __WASI_EVENTTYPE_CLOCK;
    wait[0].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    wait[0].u.u.clock.timeout = 1000000;
    OK(__wasi_poll_oneoff(wait, events, 1, &count));
    CHECK(count, 1);
    CHECK(events[0].userdata, 7);
    CHECK(events[0].error, 0);
    wait[1].userdata = 8;
    wait[1].u.tag = __WASI_EVENTTYPE_FD_WRITE;
    wait[1].u.u.fd_write.file_descriptor = 1;
    wait[0].u.u.clock.timeout = 3600ull * 1000000000;
    OK(__wasi_poll_oneoff(wait, events, 2, &count));
    CHECK(count, 1);
    CHECK(events[0].userdata, 8);
    wait[1].u.u.fd_write.file_descriptor = 99;
    OK(__wasi_poll_oneoff(wait, events, 2, &count));
    CHECK(events[0].error, E(BADF));
}

static void streams(void) {
    __wasi_fdstat_t status;
    OK(__wasi_fd_fdstat_get(0, &status));
    OK(__wasi_fd_fdstat_get(2, &status));
    CHECK(__wasi_fd_fdstat_get(99, &status), E(BADF));
    CHECK(take(0, 4), 0);
    CHECK(take(1, 4), -E(BADF));
    CHECK(put(0, "x"), -E(BADF));
    CHECK(put(1, ""), 0);
}

static void every_descriptor(void) {
    int last = 0, count = 0;
    while (count < 5000 && (last = opened("f", CREAT, READ)) >= 0) count++;
    CHECK(last, -E(MFILE));
    CHECK(count > 900 && count < 1024, 1);
}

int main(void) {
    bytes();
    access();
    room();
    times();
    renumbering();
    listings();
    waiting();
    streams();
    every_descriptor();
    return finish("descriptors");
}

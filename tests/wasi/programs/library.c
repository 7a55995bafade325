// What programs do through the C library: it finds its files, and errors keep
// their names on the way up.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int cases, wrong;

#define CHECK(what, wanted) do { \
    long long got_ = (long long)(what), wanted_ = (long long)(wanted); \
    cases++; \
    if (got_ != wanted_) { \
        wrong++; \
        printf("line %d: %s is %lld and not %lld (%s)\n", __LINE__, #what, got_, wanted_, strerror(errno)); \
    } \
} while (0)
#define FAILS(what, number) do { errno = 0; CHECK((what) < 0 ? errno : 0, number); } while (0)

int main(int argc, char **argv) {
    struct stat found;
    char text[64];
    CHECK(argc, 2);
    CHECK(strcmp(argv[1], "word"), 0);
    CHECK(strcmp(getenv("NAME"), "value"), 0);
    FILE *file = fopen("/tmp/a", "w");
    CHECK(file != NULL, 1);
    CHECK(fprintf(file, "one\ntwo\n"), 8);
    CHECK(fclose(file), 0);
    file = fopen("/tmp/a", "a+");
    CHECK(fputs("three\n", file) >= 0, 1);
    rewind(file);
    CHECK(fgets(text, sizeof text, file) != NULL, 1);
    CHECK(strcmp(text, "one\n"), 0);
    CHECK(fclose(file), 0);
    CHECK(stat("/tmp/a", &found), 0);
    CHECK(found.st_size, 14);
    CHECK(S_ISREG(found.st_mode), 1);
    CHECK(truncate("/tmp/a", 3), 0);
    CHECK(stat("/tmp/a", &found), 0);
    CHECK(found.st_size, 3);
    CHECK(mkdir("/tmp/d", 0777), 0);
    FAILS(mkdir("/tmp/d", 0777), EEXIST);
    FAILS(rmdir("/tmp"), ENOTEMPTY);
    CHECK(rename("/tmp/a", "/tmp/d/b"), 0);
    FAILS(rename("/tmp/a", "/tmp/b"), ENOENT);
    CHECK(symlink("d/b", "/tmp/l"), 0);
    CHECK(readlink("/tmp/l", text, sizeof text), 3);
    CHECK(link("/tmp/d/b", "/tmp/h"), 0);
    CHECK(lstat("/tmp/l", &found), 0);
    CHECK(S_ISLNK(found.st_mode), 1);
    CHECK(stat("/tmp/l", &found), 0);
    CHECK(found.st_nlink, 2);
    FAILS(open("/tmp/none", O_RDONLY), ENOENT);
    FAILS(open("/tmp/d", O_WRONLY), EISDIR);
    FAILS(open("/tmp/l", O_RDONLY | O_NOFOLLOW), ELOOP);
    FAILS(open("/tmp/h", O_CREAT | O_EXCL | O_RDWR, 0666), EEXIST);
    DIR *folder = opendir("/tmp");
    CHECK(folder != NULL, 1);
    int count = 0;
    while (readdir(folder) != NULL) count++;
    CHECK(count, 5);
    rewinddir(folder);
    long place = telldir(folder);
    CHECK(readdir(folder) != NULL, 1);
    seekdir(folder, place);
    CHECK(closedir(folder), 0);
    CHECK(opendir("/tmp/h") == NULL && errno == ENOTDIR, 1);
    CHECK(chdir("/tmp/d"), 0);
    CHECK(getcwd(text, sizeof text) != NULL, 1);
    CHECK(strcmp(text, "/tmp/d"), 0);
    CHECK(access("b", R_OK), 0);
    CHECK(unlink("b"), 0);
    CHECK(unlink("../h"), 0);
    FAILS(unlink("../d"), EISDIR);
    CHECK(chdir("/"), 0);
    struct timespec times[2] = {{1, 2}, {3, 4}};
    int fd = open("/tmp/t", O_CREAT | O_RDWR, 0666);
    CHECK(futimens(fd, times), 0);
    CHECK(fstat(fd, &found), 0);
    CHECK(found.st_mtim.tv_sec, 3);
    CHECK(found.st_mtim.tv_nsec, 4);
    CHECK(lseek(fd, 100, SEEK_SET), 100);
    CHECK(write(fd, "x", 1), 1);
    CHECK(pread(fd, text, 10, 95), 6);
    CHECK(ftruncate(fd, 50), 0);
    CHECK(lseek(fd, 0, SEEK_END), 50);
    CHECK(posix_fallocate(fd, 0, 60), 0);
    CHECK(lseek(fd, 0, SEEK_END), 60);
    CHECK(fsync(fd), 0);
    CHECK(close(fd), 0);
    FAILS(close(fd), EBADF);
    unsigned char random[16];
    fd = open("/dev/urandom", O_RDONLY);
    CHECK(read(fd, random, sizeof random), sizeof random);
    CHECK(close(fd), 0);
    FAILS(open("/dev/null/x", O_RDONLY), ENOTDIR);
    FAILS(unlink("/dev/null"), EACCES);
    printf("library: %d cases, %d wrong\n", cases, wrong);
    return wrong ? 1 : 0;
}

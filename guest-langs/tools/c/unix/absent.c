/* What a sandbox has not: calls that the tools name and that have no sense here. */
#include "../unix.h"
#include <grp.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <termios.h>

static int no(int error)
{
    errno = error;
    return -1;
}

/* signals */
int sigaction(int signal, const struct sigaction *action, struct sigaction *before)
{
    if (before != NULL) {
        memset(before, 0, sizeof *before);
    }
    return 0;
}
int sigprocmask(int how, const sigset_t *set, sigset_t *before) { return 0; }
int sigfillset(sigset_t *set) { return 0; }
int sigemptyset(sigset_t *set) { return 0; }
int sigaddset(sigset_t *set, int signal) { return 0; }
int kill(int process, int signal) { return no(ENOSYS); }

/* processes */
int fork(void) { return no(ENOSYS); }
int vfork(void) { return no(ENOSYS); }
int execvp(const char *file, char *const *arguments) { return no(ENOSYS); }
int execv(const char *file, char *const *arguments) { return no(ENOSYS); }
int execve(const char *file, char *const *arguments, char *const *environment) { return no(ENOSYS); }
int waitpid(int process, int *status, int options) { return no(ECHILD); }
int wait(int *status) { return no(ECHILD); }
int setsid(void) { return no(EPERM); }
int getsid(int process) { return 1; }
int setpgid(int process, int group) { return no(EPERM); }
int getppid(void) { return 1; }
int pipe(int *ends) { return no(ENOSYS); }
long syscall(long number, ...) { return no(ENOSYS); }

/* descriptors and files */
int dup2(int from, int to) { return no(ENOSYS); }
int chroot(const char *path) { return no(EPERM); }
int mknod(const char *path, mode_t mode, dev_t device) { return no(EPERM); }
int mknodat(int folder, const char *path, mode_t mode, dev_t device) { return no(EPERM); }
int statfs(const char *path, struct statfs *out) { return no(ENOSYS); }
int fstatfs(int fd, struct statfs *out) { return no(ENOSYS); }
void sync(void) {}

/* A folder opened again by itself is as good as a copy; the tools copy no other descriptors. */
int dup(int fd)
{
    return openat(fd, ".", O_RDONLY | O_DIRECTORY);
}

/* the machine */
int sethostname(const char *name, size_t length) { return no(EPERM); }
int settimeofday(const void *time, const void *zone) { return no(EPERM); }
int gethostname(char *out, size_t size)
{
    FILE *file = fopen("/etc/hostname", "r");
    if (file == NULL || fgets(out, (int)size, file) == NULL) {
        snprintf(out, size, "sandcell");
    }
    if (file != NULL) {
        fclose(file);
    }
    out[strcspn(out, "\n")] = '\0';
    return 0;
}
void tzset(void) {}

/* terminals */
char *ttyname(int fd) { return isatty(fd) ? "/dev/tty" : NULL; }
int tcgetattr(int fd, struct termios *out) { return no(ENOTTY); }
int tcsetattr(int fd, int when, const struct termios *wanted) { return no(ENOTTY); }
int cfsetspeed(struct termios *out, speed_t speed) { return no(EINVAL); }
void cfmakeraw(struct termios *out) {}

/* lists of mounts: none; extended attributes: none; notifications: none */
struct mntent *getmntent(FILE *file) { return NULL; }
FILE *setmntent(const char *path, const char *mode) { return NULL; }
int endmntent(FILE *file) { return 1; }
ssize_t getxattr(const char *path, const char *name, void *out, size_t size) { return no(ENOTSUP); }
ssize_t lgetxattr(const char *path, const char *name, void *out, size_t size) { return no(ENOTSUP); }
ssize_t fgetxattr(int fd, const char *name, void *out, size_t size) { return no(ENOTSUP); }
ssize_t listxattr(const char *path, char *out, size_t size) { return 0; }
ssize_t llistxattr(const char *path, char *out, size_t size) { return 0; }
ssize_t flistxattr(int fd, char *out, size_t size) { return 0; }
int setxattr(const char *path, const char *name, const void *value, size_t size, int flags) { return no(ENOTSUP); }
int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags) { return no(ENOTSUP); }
int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) { return no(ENOTSUP); }
int inotify_init(void) { return no(ENOSYS); }
int inotify_add_watch(int fd, const char *path, uint32_t mask) { return no(ENOSYS); }

_Noreturn void unix_ended_by_jump(int status)
{
    exit(status == 0 ? 1 : status > 125 ? 2 : status);
}

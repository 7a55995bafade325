/* Included before every file of the tools: the Unix that preview 1 is not.
 *
 * The compiler's headers for WASI are musl's with parts cut out. Here are the declarations that
 * the tools' sources miss. What a sandbox has (modes and owners of files, names of users, copies
 * of descriptors for reading) is done in unix/; what it has not (fork, signals, devices) answers
 * ENOSYS there.
 */
#pragma once
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* ---- signals: none ever comes, so handlers are taken and forgotten ---- */

typedef struct {
    int si_signo, si_errno, si_code, si_pid, si_uid, si_status;
} siginfo_t;
#include <signal.h>
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2
#define SA_RESTART 0x10000000
#define SA_NOCLDSTOP 1
#define SA_NODEFER 0x40000000
#define SA_SIGINFO 4
#define SA_RESETHAND 0x80000000
struct sigaction {
    union {
        void (*sa_handler)(int);
        void (*sa_sigaction)(int, siginfo_t *, void *);
    };
    sigset_t sa_mask;
    int sa_flags;
};
struct sigevent {
    int sigev_notify, sigev_signo;
};
int sigaction(int, const struct sigaction *, struct sigaction *);
int sigprocmask(int, const sigset_t *, sigset_t *);
int sigfillset(sigset_t *);
int sigemptyset(sigset_t *);
int sigaddset(sigset_t *, int);
int kill(int, int);

/* ---- files ---- */

struct statfs {
    unsigned long f_type, f_bsize;
    unsigned long long f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    struct {
        int __val[2];
    } f_fsid;
    unsigned long f_namelen, f_frsize, f_flags;
};
#ifndef F_WRLCK
#  define F_RDLCK 0
#  define F_WRLCK 1
#  define F_UNLCK 2
#endif
#ifndef F_SETLK
#  define F_GETLK 5
#  define F_SETLK 6
#  define F_SETLKW 7
#endif
#ifndef F_DUPFD
#  define F_DUPFD 0
#endif
#ifndef F_DUPFD_CLOEXEC
#  define F_DUPFD_CLOEXEC 1030
#endif
#ifndef ENODATA
#  define ENODATA 61
#endif
#define TIOCGWINSZ 0x5413
#define TIOCNOTTY 0x5422

int unix_open(const char *, int, ...);
int unix_openat(int, const char *, int, ...);
int unix_stat(const char *, struct stat *);
int unix_lstat(const char *, struct stat *);
int unix_fstat(int, struct stat *);
int unix_fstatat(int, const char *, struct stat *, int);
int unix_access(const char *, int);
int unix_faccessat(int, const char *, int, int);
int unix_mkdir(const char *, mode_t);
int unix_mkdirat(int, const char *, mode_t);
int unix_chmod(const char *, mode_t);
int unix_fchmod(int, mode_t);
int unix_fchmodat(int, const char *, mode_t, int);
int unix_mkstemp(char *);
char *unix_mkdtemp(char *);
int chown(const char *, uid_t, gid_t);
int lchown(const char *, uid_t, gid_t);
int fchown(int, uid_t, gid_t);
int fchownat(int, const char *, uid_t, gid_t, int);
mode_t umask(mode_t);
#define open unix_open
#define openat unix_openat
#define stat(path, out) unix_stat(path, out)
#define lstat(path, out) unix_lstat(path, out)
#define fstat(fd, out) unix_fstat(fd, out)
#define fstatat(fd, path, out, flags) unix_fstatat(fd, path, out, flags)
#define access(path, how) unix_access(path, how)
#define faccessat(fd, path, how, flags) unix_faccessat(fd, path, how, flags)
#define mkdir(path, mode) unix_mkdir(path, mode)
#define mkdirat(fd, path, mode) unix_mkdirat(fd, path, mode)
#define chmod(path, mode) unix_chmod(path, mode)
#define fchmod(fd, mode) unix_fchmod(fd, mode)
#define fchmodat(fd, path, mode, flags) unix_fchmodat(fd, path, mode, flags)
#define mkstemp unix_mkstemp
#define mkdtemp unix_mkdtemp

int truncate(const char *, off_t);
int mknod(const char *, mode_t, dev_t);
int mknodat(int, const char *, mode_t, dev_t);
int statfs(const char *, struct statfs *);
int fstatfs(int, struct statfs *);
int fchdir(int);
int chroot(const char *);
void sync(void);
int dup(int);
int dup2(int, int);
int pipe(int *);

/* ---- users ---- */

uid_t getuid(void), geteuid(void);
gid_t getgid(void), getegid(void);
int getgroups(int, gid_t *);
int setuid(uid_t);
int setgid(gid_t);
char *getlogin(void);
char *ttyname(int);

/* ---- processes ---- */

int fork(void);
int vfork(void);
int execvp(const char *, char *const *);
int execve(const char *, char *const *, char *const *);
int execv(const char *, char *const *);
int waitpid(int, int *, int);
int wait(int *);
int setsid(void);
int getsid(int);
int setpgid(int, int);
int getppid(void);
int sethostname(const char *, size_t);
int settimeofday(const void *, const void *);
int gethostname(char *, size_t);
long syscall(long, ...);
void tzset(void);

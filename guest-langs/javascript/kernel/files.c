/* Files, as WASI shows them. Each function throws {errno, code} of the C library; fs.js makes Node's errors of it. */
#include "kernel.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FUNCTION(name) \
    static JSValue name(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)

static const struct {
    int number;
    const char *name;
} error_names[] = {
    {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"}, {EBADF, "EBADF"}, {EBUSY, "EBUSY"}, {EDQUOT, "EDQUOT"},
    {EEXIST, "EEXIST"}, {EFBIG, "EFBIG"}, {EINTR, "EINTR"}, {EINVAL, "EINVAL"}, {EIO, "EIO"},
    {EISDIR, "EISDIR"}, {ELOOP, "ELOOP"}, {EMFILE, "EMFILE"}, {EMLINK, "EMLINK"},
    {ENAMETOOLONG, "ENAMETOOLONG"}, {ENFILE, "ENFILE"}, {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"},
    {ENOSPC, "ENOSPC"}, {ENOSYS, "ENOSYS"}, {ENOTDIR, "ENOTDIR"}, {ENOTEMPTY, "ENOTEMPTY"},
    {ENOTSUP, "ENOTSUP"}, {EPERM, "EPERM"}, {EROFS, "EROFS"}, {ESPIPE, "ESPIPE"}, {EXDEV, "EXDEV"},
    {ENOTCAPABLE, "EPERM"}, {EILSEQ, "EILSEQ"},
};

/* Throw what `errno` says. */
static JSValue fail(JSContext *context)
{
    int number = errno;
    const char *name = "EIO";
    for (size_t index = 0; index < sizeof error_names / sizeof *error_names; index++) {
        if (error_names[index].number == number) {
            name = error_names[index].name;
            break;
        }
    }
    JSValue error = JS_NewError(context);
    JS_DefinePropertyValueStr(context, error, "message", JS_NewString(context, name),
                              JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_SetPropertyStr(context, error, "code", JS_NewString(context, name));
    return JS_Throw(context, error);
}

static JSValue done(JSContext *context, int outcome)
{
    return outcome == 0 ? JS_UNDEFINED : fail(context);
}

/* A path without NUL; NULL with an exception set. */
static const char *path_of(JSContext *context, JSValueConst value)
{
    size_t length;
    const char *path = JS_ToCStringLen(context, &length, value);
    if (path != NULL && strlen(path) != length) {
        JS_FreeCString(context, path);
        JS_ThrowTypeError(context, "a path has no NUL in it");
        return NULL;
    }
    return path;
}

/* The whole of a file, with a NUL behind it; NULL with `errno` set. */
char *kernel_read_file(const char *path, size_t *length)
{
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return NULL;
    }
    struct stat about;
    size_t size = fstat(file, &about) == 0 && about.st_size > 0 ? (size_t)about.st_size + 1 : 4096;
    char *text = malloc(size + 1);
    *length = 0;
    while (text != NULL) {
        if (*length == size) {
            size *= 2;
            char *larger = realloc(text, size + 1);
            if (larger == NULL) {
                free(text);
            }
            text = larger;
            continue;
        }
        ssize_t got = read(file, text + *length, size - *length);
        if (got == 0) {
            break;
        }
        if (got < 0) {
            int number = errno;
            free(text);
            close(file);
            errno = number;
            return NULL;
        }
        *length += (size_t)got;
    }
    close(file);
    if (text == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    text[*length] = '\0';
    return text;
}

/* readFile(path, text): a string if `text`, else an Uint8Array */
FUNCTION(file_read_file)
{
    const char *path = path_of(context, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    size_t length;
    char *text = kernel_read_file(path, &length);
    JS_FreeCString(context, path);
    if (text == NULL) {
        return fail(context);
    }
    JSValue value = JS_ToBool(context, arguments[1]) ? JS_NewStringLen(context, text, length)
                                                     : JS_NewUint8ArrayCopy(context, (uint8_t *)text, length);
    free(text);
    return value;
}

/* open(path, flags): flags are those of Linux, as fs.constants has them */
FUNCTION(file_open)
{
    int32_t flags;
    const char *path = path_of(context, arguments[0]);
    if (path == NULL || JS_ToInt32(context, &flags, arguments[1])) {
        JS_FreeCString(context, path);
        return JS_EXCEPTION;
    }
    static const int accesses[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
    int mode = accesses[flags & 3];
    mode |= flags & 0100 ? O_CREAT : 0;
    mode |= flags & 0200 ? O_EXCL : 0;
    mode |= flags & 01000 ? O_TRUNC : 0;
    mode |= flags & 02000 ? O_APPEND : 0;
    mode |= flags & 0200000 ? O_DIRECTORY : 0;
    mode |= flags & 0400000 ? O_NOFOLLOW : 0;
    int file = open(path, mode, 0666);
    JS_FreeCString(context, path);
    return file < 0 ? fail(context) : JS_NewInt32(context, file);
}

FUNCTION(file_close)
{
    int32_t file;
    return JS_ToInt32(context, &file, arguments[0]) ? JS_EXCEPTION : done(context, close(file));
}

/* The part of an Uint8Array that read and write are about: (file, bytes, offset, length, position). */
struct part {
    int32_t file;
    uint8_t *bytes;
    size_t length;
    int64_t position; /* -1: where the file stands */
};

static int part_of(JSContext *context, JSValueConst *arguments, struct part *part)
{
    size_t size;
    int64_t offset, length;
    if (JS_ToInt32(context, &part->file, arguments[0]) || JS_ToInt64(context, &offset, arguments[2]) ||
        JS_ToInt64(context, &length, arguments[3]) || JS_ToInt64(context, &part->position, arguments[4])) {
        return -1;
    }
    /* Last, since conversions run code that could detach the bytes. */
    part->bytes = JS_GetUint8Array(context, &size, arguments[1]);
    if (part->bytes == NULL) {
        return -1;
    }
    if (offset < 0 || length < 0 || (uint64_t)offset > size || (uint64_t)length > size - (uint64_t)offset) {
        JS_ThrowRangeError(context, "the part is outside of the bytes");
        return -1;
    }
    part->bytes += offset;
    part->length = (size_t)length;
    return 0;
}

/* read(file, bytes, offset, length, position) -> number of bytes */
FUNCTION(file_read)
{
    struct part part;
    if (part_of(context, arguments, &part) < 0) {
        return JS_EXCEPTION;
    }
    ssize_t got = part.position < 0 ? read(part.file, part.bytes, part.length)
                                    : pread(part.file, part.bytes, part.length, part.position);
    return got < 0 ? fail(context) : JS_NewInt64(context, got);
}

/* write(file, bytes, offset, length, position) -> number of bytes */
FUNCTION(file_write)
{
    struct part part;
    if (part_of(context, arguments, &part) < 0) {
        return JS_EXCEPTION;
    }
    ssize_t put = part.position < 0 ? write(part.file, part.bytes, part.length)
                                    : pwrite(part.file, part.bytes, part.length, part.position);
    return put < 0 ? fail(context) : JS_NewInt64(context, put);
}

static double time_of(struct timespec time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static JSValue describe(JSContext *context, const struct stat *about)
{
    double fields[] = {
        about->st_mode, (double)about->st_size, time_of(about->st_atim), time_of(about->st_mtim),
        time_of(about->st_ctim), (double)about->st_ino, (double)about->st_nlink, (double)about->st_dev,
    };
    JSValue array = JS_NewArray(context);
    for (uint32_t index = 0; index < sizeof fields / sizeof *fields; index++) {
        JS_SetPropertyUint32(context, array, index, JS_NewNumber(context, fields[index]));
    }
    return array;
}

/* stat(path | file, follow) -> [mode, size, atime, mtime, ctime, ino, nlink, dev] */
FUNCTION(file_stat)
{
    struct stat about;
    int outcome;
    if (JS_IsNumber(arguments[0])) {
        int32_t file;
        JS_ToInt32(context, &file, arguments[0]);
        outcome = fstat(file, &about);
    }
    else {
        const char *path = path_of(context, arguments[0]);
        if (path == NULL) {
            return JS_EXCEPTION;
        }
        outcome = JS_ToBool(context, arguments[1]) ? stat(path, &about) : lstat(path, &about);
        JS_FreeCString(context, path);
    }
    return outcome ? fail(context) : describe(context, &about);
}

/* kind(path): "f" a file, "d" a folder, "" nothing; follows links and throws nothing */
FUNCTION(file_kind)
{
    struct stat about;
    const char *path = path_of(context, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    int outcome = stat(path, &about);
    JS_FreeCString(context, path);
    return JS_NewString(context, outcome ? "" : S_ISDIR(about.st_mode) ? "d" : "f");
}

/* list(path) -> [name, type, ...]; type: 1 file, 2 folder, 3 link */
FUNCTION(file_list)
{
    const char *path = path_of(context, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    DIR *folder = opendir(path);
    JS_FreeCString(context, path);
    if (folder == NULL) {
        return fail(context);
    }
    JSValue names = JS_NewArray(context);
    uint32_t at = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int type = entry->d_type == DT_DIR ? 2 : entry->d_type == DT_LNK ? 3 : 1;
        JS_SetPropertyUint32(context, names, at++, JS_NewString(context, entry->d_name));
        JS_SetPropertyUint32(context, names, at++, JS_NewInt32(context, type));
    }
    int number = errno;
    closedir(folder);
    if (number != 0) {
        JS_FreeValue(context, names);
        errno = number;
        return fail(context);
    }
    return names;
}

/* Functions of one path. */
static JSValue one_path(JSContext *context, JSValueConst value, int (*function)(const char *path))
{
    const char *path = path_of(context, value);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    int outcome = function(path);
    JS_FreeCString(context, path);
    return done(context, outcome);
}

static int make_folder(const char *path) { return mkdir(path, 0777); }
FUNCTION(file_make_folder) { return one_path(context, arguments[0], make_folder); }
FUNCTION(file_remove_folder) { return one_path(context, arguments[0], rmdir); }
FUNCTION(file_remove) { return one_path(context, arguments[0], unlink); }
FUNCTION(file_change_folder) { return one_path(context, arguments[0], chdir); }

/* Functions of two paths. */
static JSValue two_paths(JSContext *context, JSValueConst *values, int (*function)(const char *one, const char *other))
{
    const char *one = path_of(context, values[0]);
    const char *other = one == NULL ? NULL : path_of(context, values[1]);
    JSValue outcome = other == NULL ? JS_EXCEPTION : done(context, function(one, other));
    JS_FreeCString(context, other);
    JS_FreeCString(context, one);
    return outcome;
}

FUNCTION(file_rename) { return two_paths(context, arguments, rename); }
FUNCTION(file_link) { return two_paths(context, arguments, link); }
FUNCTION(file_symlink) { return two_paths(context, arguments, symlink); }

FUNCTION(file_read_link)
{
    char target[4096];
    const char *path = path_of(context, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    ssize_t length = readlink(path, target, sizeof target);
    JS_FreeCString(context, path);
    return length < 0 ? fail(context) : JS_NewStringLen(context, target, (size_t)length);
}

FUNCTION(file_folder)
{
    char path[4096];
    return getcwd(path, sizeof path) == NULL ? fail(context) : JS_NewString(context, path);
}

static struct timespec timespec_of(double milliseconds)
{
    double seconds = milliseconds / 1e3;
    time_t whole = (time_t)seconds;
    return (struct timespec){.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
}

/* setTimes(path | file, atime, mtime): in milliseconds */
FUNCTION(file_set_times)
{
    double access, modified;
    if (JS_ToFloat64(context, &access, arguments[1]) || JS_ToFloat64(context, &modified, arguments[2])) {
        return JS_EXCEPTION;
    }
    struct timespec times[2] = {timespec_of(access), timespec_of(modified)};
    if (JS_IsNumber(arguments[0])) {
        int32_t file;
        JS_ToInt32(context, &file, arguments[0]);
        return done(context, futimens(file, times));
    }
    const char *path = path_of(context, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    int outcome = utimensat(AT_FDCWD, path, times, 0);
    JS_FreeCString(context, path);
    return done(context, outcome);
}

FUNCTION(file_truncate)
{
    int32_t file;
    int64_t length;
    if (JS_ToInt32(context, &file, arguments[0]) || JS_ToInt64(context, &length, arguments[1])) {
        return JS_EXCEPTION;
    }
    return done(context, ftruncate(file, length));
}

const JSCFunctionListEntry kernel_file_functions[] = {
    JS_CFUNC_DEF("readFile", 2, file_read_file),
    JS_CFUNC_DEF("open", 2, file_open),
    JS_CFUNC_DEF("close", 1, file_close),
    JS_CFUNC_DEF("read", 5, file_read),
    JS_CFUNC_DEF("write", 5, file_write),
    JS_CFUNC_DEF("stat", 2, file_stat),
    JS_CFUNC_DEF("kind", 1, file_kind),
    JS_CFUNC_DEF("list", 1, file_list),
    JS_CFUNC_DEF("makeFolder", 1, file_make_folder),
    JS_CFUNC_DEF("removeFolder", 1, file_remove_folder),
    JS_CFUNC_DEF("remove", 1, file_remove),
    JS_CFUNC_DEF("changeFolder", 1, file_change_folder),
    JS_CFUNC_DEF("rename", 2, file_rename),
    JS_CFUNC_DEF("link", 2, file_link),
    JS_CFUNC_DEF("symlink", 2, file_symlink),
    JS_CFUNC_DEF("readLink", 1, file_read_link),
    JS_CFUNC_DEF("folder", 0, file_folder),
    JS_CFUNC_DEF("setTimes", 3, file_set_times),
    JS_CFUNC_DEF("truncate", 2, file_truncate),
};
const int kernel_file_count = sizeof kernel_file_functions / sizeof *kernel_file_functions;

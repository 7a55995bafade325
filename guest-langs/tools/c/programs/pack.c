/* gzip, bzip2 and xz with their other names. */
#include "../codec.h"
#include "../programs.h"
#include "../unix.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct format {
    enum codec_kind kind;
    const char *name, *suffix, *short_tar, *other_tar;
    int level;
} formats[] = {
    {CODEC_GZIP, "gzip", ".gz", ".tgz", ".taz", 6},
    {CODEC_BZIP2, "bzip2", ".bz2", ".tbz2", ".tbz", 9},
    {CODEC_XZ, "xz", ".xz", ".txz", ".lzma", 6},
};

static const struct format *format;
static const char *tool, *suffix;
static bool unpacks, to_stdout, keeps, forced, tests, told, quiet, lists, recursive, names;
static int level;
static int status;

static const struct option long_options[] = {
    {"stdout", no_argument, NULL, 'c'},  {"to-stdout", no_argument, NULL, 'c'},  {"decompress", no_argument, NULL, 'd'},
    {"uncompress", no_argument, NULL, 'd'}, {"compress", no_argument, NULL, 'z'}, {"keep", no_argument, NULL, 'k'},
    {"force", no_argument, NULL, 'f'},   {"test", no_argument, NULL, 't'},       {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},   {"list", no_argument, NULL, 'l'},       {"recursive", no_argument, NULL, 'r'},
    {"no-name", no_argument, NULL, 'n'}, {"name", no_argument, NULL, 'N'},       {"suffix", required_argument, NULL, 'S'},
    {"fast", no_argument, NULL, '1'},    {"best", no_argument, NULL, '9'},       {"extreme", no_argument, NULL, 'e'},
    {"threads", required_argument, NULL, 'T'}, {"rsyncable", no_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'},
    {0},
};

static void fail(int code)
{
    if (status == 0 || code == 1) {
        status = code;
    }
}

/* The name of the file that unpacking `name` makes; NULL when it has no suffix that says so. */
static char *unpacked_name(const char *name)
{
    size_t length = strlen(name);
    const char *ends[] = {suffix, format->short_tar, format->other_tar};
    for (int at = 0; at < 3; at++) {
        size_t end = strlen(ends[at]);
        if (length > end && strcmp(name + length - end, ends[at]) == 0) {
            char *out = malloc(length + 5);
            memcpy(out, name, length - end);
            strcpy(out + length - end, at == 0 || at == 2 ? "" : ".tar");
            if (format->kind != CODEC_XZ && at == 2) {
                strcpy(out + length - end, ".tar");
            }
            return out;
        }
    }
    return NULL;
}

struct sizes {
    unsigned long long in, out;
};

static bool pack_all(int in, int out, const char *name, unsigned long time, struct sizes *sizes)
{
    static char buffer[65536];
    struct codec *codec = codec_writer(format->kind, out, level, name, time);
    ssize_t got;
    bool done = true;
    while (done && (got = read(in, buffer, sizeof buffer)) > 0) {
        sizes->in += (unsigned long long)got;
        done = codec_write(codec, buffer, (size_t)got);
    }
    done = done && got == 0 && codec_finish(codec);
    if (!done) {
        complain(tool, "%s", got < 0 ? strerror(errno) : codec_fault(codec));
    }
    codec_free(codec);
    return done;
}

static bool unpack_all(int in, int out, const char *label, struct sizes *sizes)
{
    static char buffer[65536];
    char start[6];
    size_t length = 0;
    ssize_t got;
    while (length < sizeof start && (got = read(in, start + length, sizeof start - length)) > 0) {
        length += (size_t)got;
    }
    enum codec_kind kind = codec_kind_of(start, length);
    bool is = kind == format->kind || (format->kind == CODEC_GZIP && kind != CODEC_NONE);
    /* `zcat -f` copies what is not packed. */
    if (!is && !(forced && to_stdout && kind == CODEC_NONE)) {
        complain(tool, "%s: %s", label, length == 0 ? "unexpected end of file" : format->kind == CODEC_GZIP ? "not in gzip format" : "file format not recognized");
        return false;
    }
    struct codec *codec = codec_reader(kind, in, start, length);
    while ((got = codec_read(codec, buffer, sizeof buffer)) > 0) {
        sizes->out += (unsigned long long)got;
        for (ssize_t done = 0; !tests && !lists && done < got;) {
            ssize_t wrote = write(out, buffer + done, (size_t)(got - done));
            if (wrote <= 0) {
                complain(tool, "%s", strerror(errno));
                codec_free(codec);
                return false;
            }
            done += wrote;
        }
    }
    if (got < 0) {
        complain(tool, "%s: %s", label, codec_fault(codec));
    }
    codec_free(codec);
    return got == 0;
}

static void tell_list(const char *name, unsigned long long packed, unsigned long long whole)
{
    static bool headed;
    char *inner = unpacked_name(name);
    if (!headed) {
        puts("         compressed        uncompressed  ratio uncompressed_name");
        headed = true;
    }
    double ratio = whole == 0 ? 0 : 100.0 * (1.0 - (double)packed / (double)whole);
    printf("%19llu %19llu %5.1f%% %s\n", packed, whole, ratio, inner == NULL ? name : inner);
    free(inner);
}

static void finish_file(const char *name, const char *target, int out, const struct stat *about)
{
    struct timespec times[2] = {about->st_atim, about->st_mtim};
    futimens(out, times);
    fchmod(out, about->st_mode & 07777);
    close(out);
    if (!keeps) {
        unlink(name);
    }
}

static void do_file(const char *name)
{
    struct stat about;
    if (stat(name, &about) != 0) {
        complain(tool, "%s: %s", name, strerror(errno));
        fail(1);
        return;
    }
    if (S_ISDIR(about.st_mode)) {
        complain(tool, "%s is a directory -- ignored", name);
        fail(2);
        return;
    }
    bool to_file = !to_stdout && !tests && !lists;
    char *target = NULL;
    if (to_file && unpacks && (target = unpacked_name(name)) == NULL) {
        complain(tool, "%s: unknown suffix -- ignored", name);
        fail(2);
        return;
    }
    if (to_file && !unpacks) {
        char *packed = unpacked_name(name);
        if (packed != NULL && !forced) {
            complain(tool, "%s already has %s suffix -- unchanged", name, suffix);
            free(packed);
            return;
        }
        free(packed);
        target = malloc(strlen(name) + strlen(suffix) + 1);
        strcpy(target, name);
        strcat(target, suffix);
    }
    int in = open(name, O_RDONLY);
    if (in < 0) {
        complain(tool, "%s: %s", name, strerror(errno));
        fail(1);
        free(target);
        return;
    }
    int out = 1;
    if (to_file) {
        out = open(target, O_WRONLY | O_CREAT | O_TRUNC | (forced ? 0 : O_EXCL), 0600);
        if (out < 0) {
            complain(tool, errno == EEXIST ? "%s already exists; not overwritten" : "%s: cannot be made", target);
            fail(errno == EEXIST ? 2 : 1);
            close(in);
            free(target);
            return;
        }
    }
    struct sizes sizes = {0};
    const char *slash = strrchr(name, '/');
    const char *base = slash == NULL ? name : slash + 1;
    bool done = unpacks ? unpack_all(in, out, name, &sizes)
                        : pack_all(in, out, names ? base : NULL, names ? (unsigned long)about.st_mtime : 0, &sizes);
    close(in);
    if (!done) {
        fail(1);
    }
    if (to_file && done) {
        finish_file(name, target, out, &about);
    }
    else if (to_file) {
        close(out);
        unlink(target);
    }
    if (done && lists) {
        tell_list(name, (unsigned long long)about.st_size, sizes.out);
    }
    if (done && told && !quiet) {
        struct stat after = {0};
        double whole = (double)(unpacks ? sizes.out : sizes.in);
        double packed = (double)about.st_size;
        if (!unpacks && to_file && stat(target, &after) == 0) {
            packed = (double)after.st_size;
        }
        fprintf(stderr, tests ? "%s:\t OK\n" : "%s:\t%5.1f%% -- %s %s\n", name, whole == 0 ? 0.0 : 100 * (1 - packed / whole),
                keeps ? "created" : "replaced with", target == NULL ? "stdout" : target);
    }
    free(target);
}

static bool read_options(int argc, char **argv)
{
    int letter;
    optind = 0;
    while ((letter = getopt_long(argc, argv, "cdzkftvqlrnNhS:T:e0123456789a", long_options, NULL)) != -1) {
        switch (letter) {
        case 'c': to_stdout = true; break;
        case 'd': unpacks = true; break;
        case 'z': unpacks = false; break;
        case 'k': keeps = true; break;
        case 'f': forced = true; break;
        case 't': tests = unpacks = true; break;
        case 'v': told = true; break;
        case 'q': quiet = true; break;
        case 'l': lists = unpacks = true; break;
        case 'r': recursive = true; break;
        case 'n': names = false; break;
        case 'N': names = true; break;
        case 'S': suffix = optarg; break;
        case 'T':
        case 'e':
        case 'a': break;
        case 'h':
            printf("usage: %s [-cdfklnqtv] [-1..-9] [-S SUFFIX] [FILE...]\n\nPack or unpack files; standard input without any.\n", tool);
            exit(0);
        case '?': return false;
        default: level = letter - '0';
        }
    }
    if (format->kind != CODEC_XZ && level == 0) {
        level = 1;
    }
    return true;
}

int pack_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    tool = slash == NULL ? argv[0] : slash + 1;
    int which = strchr(tool, 'b') != NULL ? 1 : strstr(tool, "xz") != NULL ? 2 : 0;
    format = &formats[which];
    suffix = format->suffix;
    level = format->level;
    names = true;
    unpacks = strncmp(tool, "un", 2) == 0 || strstr(tool, "unz") != NULL || strstr(tool, "cat") != NULL || strcmp(tool, "bunzip2") == 0;
    to_stdout = strstr(tool, "cat") != NULL;
    bool reads = read_options(argc, argv);
    /* Messages come from the first of the names. */
    tool = format->name;
    if (!reads) {
        return 1;
    }
    if (optind == argc || (argc == optind + 1 && strcmp(argv[optind], "-") == 0)) {
        struct sizes sizes = {0};
        return (unpacks ? unpack_all(0, 1, "stdin", &sizes) : pack_all(0, 1, NULL, 0, &sizes)) ? status : 1;
    }
    for (int at = optind; at < argc; at++) {
        do_file(argv[at]);
    }
    return status;
}

/* zip and unzip: archives of files stored or deflated. */
#include "../programs.h"
#include "../unix.h"
#include <dirent.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

/* Signatures and sizes of the records: PKWARE's APPNOTE. */
enum { LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50 };
enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22 };
/* More would want the 64-bit records, which are not written. */
#define MOST_BYTES 0xfffffffeUL
enum { MOST_ENTRIES = 65535 };

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, unsigned long value)
{
    put16(at, value & 0xffff);
    put16(at + 2, (unsigned)(value >> 16) & 0xffff);
}

static unsigned get16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static unsigned long get32(const unsigned char *at)
{
    return get16(at) | (unsigned long)get16(at + 2) << 16;
}

struct bytes {
    unsigned char *data;
    size_t length;
};

static bool read_file(const char *path, struct bytes *out)
{
    int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY);
    size_t room = 0;
    ssize_t got = -1;
    out->data = NULL;
    out->length = 0;
    if (fd < 0) {
        return false;
    }
    do {
        if (room - out->length < 65536) {
            room = 2 * room + 65536;
            unsigned char *more = realloc(out->data, room);
            if (more == NULL) {
                errno = ENOMEM;
                break;
            }
            out->data = more;
        }
        got = read(fd, out->data + out->length, room - out->length);
        out->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (fd > 0) {
        close(fd);
    }
    return got == 0;
}

/* ---- an archive that is there ---- */

struct entry {
    const unsigned char *record; /* its part of the directory */
    char *name;
    unsigned method;
    unsigned long crc, packed, size, place, mode;
    time_t time;
    bool deleted;
};

struct archive {
    struct bytes bytes;
    struct entry *entries;
    size_t count;
};

static time_t time_of(unsigned long dos)
{
    struct tm parts = {
        .tm_year = (int)(dos >> 25) + 80, .tm_mon = (int)(dos >> 21 & 15) - 1, .tm_mday = (int)(dos >> 16 & 31),
        .tm_hour = (int)(dos >> 11 & 31), .tm_min = (int)(dos >> 5 & 63), .tm_sec = (int)(dos & 31) * 2, .tm_isdst = -1,
    };
    return mktime(&parts);
}

static unsigned long dos_of(time_t time)
{
    struct tm *parts = localtime(&time);
    if (parts->tm_year < 80) {
        return 0x210000;
    }
    return (unsigned long)(parts->tm_year - 80) << 25 | (unsigned long)(parts->tm_mon + 1) << 21 | (unsigned long)parts->tm_mday << 16 |
           (unsigned long)parts->tm_hour << 11 | (unsigned long)parts->tm_min << 5 | (unsigned long)parts->tm_sec / 2;
}

/* NULL, or what is wrong with it. Every place in it is checked before it is looked at. */
static const char *read_archive(struct archive *archive)
{
    const unsigned char *data = archive->bytes.data;
    size_t length = archive->bytes.length, at;
    if (length < END_BYTES) {
        return "End-of-central-directory signature not found";
    }
    for (at = length - END_BYTES; get32(data + at) != END; at--) {
        if (at == 0 || length - at > 65557) {
            return "End-of-central-directory signature not found";
        }
    }
    size_t count = get16(data + at + 10), place = get32(data + at + 16), stop = at;
    archive->entries = calloc(count + 1, sizeof *archive->entries);
    for (archive->count = 0; archive->count < count; archive->count++) {
        if (place > stop || stop - place < ENTRY_BYTES || get32(data + place) != ENTRY) {
            return "the central directory is damaged";
        }
        const unsigned char *record = data + place;
        size_t name = get16(record + 28), rest = name + get16(record + 30) + get16(record + 32);
        if (rest > stop - place - ENTRY_BYTES) {
            return "the central directory is damaged";
        }
        struct entry *entry = &archive->entries[archive->count];
        *entry = (struct entry){
            .record = record, .name = strndup((const char *)record + ENTRY_BYTES, name), .method = get16(record + 10),
            .crc = get32(record + 16), .packed = get32(record + 20), .size = get32(record + 24), .place = get32(record + 42),
            .mode = record[5] == 3 ? get32(record + 38) >> 16 : 0, .time = time_of(get32(record + 12)),
        };
        place += ENTRY_BYTES + rest;
    }
    return NULL;
}

/* The packed bytes of an entry; NULL when they are not all there. */
static const unsigned char *packed_bytes(const struct archive *archive, const struct entry *entry)
{
    const unsigned char *data = archive->bytes.data;
    size_t length = archive->bytes.length;
    if (entry->place > length || length - entry->place < LOCAL_BYTES || get32(data + entry->place) != LOCAL) {
        return NULL;
    }
    size_t head = LOCAL_BYTES + get16(data + entry->place + 26) + get16(data + entry->place + 28);
    if (head > length - entry->place || entry->packed > length - entry->place - head) {
        return NULL;
    }
    return data + entry->place + head;
}

/* Unpacks an entry into `fd`, nowhere when it is -1; NULL, or what went wrong. */
static const char *unpack(const struct archive *archive, const struct entry *entry, int fd)
{
    static unsigned char buffer[65536];
    const unsigned char *packed = packed_bytes(archive, entry);
    unsigned long crc = crc32(0, NULL, 0);
    unsigned long long total = 0;
    if (packed == NULL) {
        return "its data is not in the archive";
    }
    if (entry->record[8] & 1) {
        return "it is encrypted";
    }
    if (entry->method != 0 && entry->method != 8) {
        return "its way of packing is not known";
    }
    z_stream stream = {.next_in = (Bytef *)packed, .avail_in = (uInt)entry->packed};
    if (entry->method == 8 && inflateInit2(&stream, -15) != Z_OK) {
        return "memory exhausted";
    }
    const char *fault = NULL;
    for (bool ended = false; !ended && fault == NULL;) {
        size_t got;
        if (entry->method == 8) {
            stream.next_out = buffer;
            stream.avail_out = sizeof buffer;
            int result = inflate(&stream, Z_NO_FLUSH);
            ended = result == Z_STREAM_END;
            if (result != Z_OK && !ended) {
                fault = "invalid compressed data to inflate";
            }
            got = sizeof buffer - stream.avail_out;
        }
        else {
            got = entry->packed - total < sizeof buffer ? (size_t)(entry->packed - total) : sizeof buffer;
            memcpy(buffer, packed + total, got);
            ended = total + got == entry->packed;
        }
        crc = crc32(crc, buffer, (uInt)got);
        total += got;
        for (size_t done = 0; fd >= 0 && done < got;) {
            ssize_t wrote = write(fd, buffer + done, got - done);
            if (wrote <= 0) {
                fault = strerror(errno);
                break;
            }
            done += (size_t)wrote;
        }
    }
    if (entry->method == 8) {
        inflateEnd(&stream);
    }
    return fault != NULL ? fault : crc != entry->crc || total != entry->size ? "bad CRC" : NULL;
}

/* ---- unzip ---- */

enum { UNZIP_WARNING = 1, UNZIP_NO_ARCHIVE = 9, UNZIP_NO_MATCH = 11, UNZIP_BAD_OPTION = 10, UNZIP_DAMAGED = 2, UNZIP_EXISTS = 1 };

static bool any_glob(char **globs, int count, const char *name)
{
    for (int at = 0; at < count; at++) {
        if (fnmatch(globs[at], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* Makes the folders above a path. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
}

/* A name must not lead out of the folder: from the root on and `..` are cut off. */
static const char *safe_name(const char *name)
{
    for (;;) {
        if (*name == '/') {
            name++;
        }
        else if (strncmp(name, "../", 3) == 0) {
            name += 3;
        }
        else {
            const char *up = strstr(name, "/../");
            if (up == NULL) {
                return strcmp(name, "..") == 0 ? "" : name;
            }
            name = up + 4;
        }
    }
}

static void list_entries(const struct archive *archive, const char *path, bool names_only, char **globs, int count, char **out, int outs)
{
    unsigned long long bytes = 0;
    size_t files = 0;
    if (!names_only) {
        printf("Archive:  %s\n  Length      Date    Time    Name\n---------  ---------- -----   ----\n", path);
    }
    for (size_t at = 0; at < archive->count; at++) {
        const struct entry *entry = &archive->entries[at];
        if ((count > 0 && !any_glob(globs, count, entry->name)) || any_glob(out, outs, entry->name)) {
            continue;
        }
        if (names_only) {
            puts(entry->name);
            continue;
        }
        char when[32];
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime(&entry->time));
        printf("%9lu  %s   %s\n", entry->size, when, entry->name);
        bytes += entry->size;
        files++;
    }
    if (!names_only) {
        printf("---------                     -------\n%9llu                     %zu file%s\n", bytes, files, files == 1 ? "" : "s");
    }
}

int unzip_main(int argc, char **argv)
{
    bool lists = false, names_only = false, tests = false, to_stdout = false, quiet = false, overwrites = false, never = false, flat = false;
    const char *target = "", *path = NULL;
    char **globs = calloc((size_t)argc + 1, sizeof *globs), **out = calloc((size_t)argc + 1, sizeof *out);
    int count = 0, outs = 0;
    bool leaving_out = false;
    for (int at = 1; at < argc; at++) {
        char *word = argv[at];
        if (word[0] != '-' || word[1] == '\0') {
            if (path == NULL) {
                path = word;
            }
            else if (leaving_out) {
                out[outs++] = word;
            }
            else {
                globs[count++] = word;
            }
            continue;
        }
        for (char *letter = word + 1; *letter != '\0'; letter++) {
            switch (*letter) {
            case 'l':
            case 'v': lists = true; break;
            case 'Z': lists = true; break;
            case '1': names_only = lists = true; break;
            case 't': tests = true; break;
            case 'p':
            case 'c': to_stdout = true; quiet = true; break;
            case 'q': quiet = true; break;
            case 'o': overwrites = true; break;
            case 'n': never = true; break;
            case 'j': flat = true; break;
            case 'a':
            case 'u':
            case 'D':
            case 'X': break;
            case 'x': leaving_out = true; break;
            case 'd':
                target = letter[1] != '\0' ? letter + 1 : at + 1 < argc ? argv[++at] : "";
                letter = (char *)"x";
                break;
            default: complain("unzip", "invalid option -- '%c'", *letter); return UNZIP_BAD_OPTION;
            }
        }
    }
    if (path == NULL) {
        fputs("usage: unzip [-lptqonj] ARCHIVE[.zip] [FILE...] [-x FILE...] [-d FOLDER]\n", stderr);
        return UNZIP_BAD_OPTION;
    }
    struct archive archive = {0};
    char *other = malloc(strlen(path) + 5);
    sprintf(other, "%s.zip", path);
    if (!read_file(path, &archive.bytes) && !read_file(other, &archive.bytes)) {
        fprintf(stderr, "unzip:  cannot find or open %s, %s.\n", path, other);
        return UNZIP_NO_ARCHIVE;
    }
    const char *fault = read_archive(&archive);
    if (fault != NULL) {
        complain("unzip", "%s: %s", path, fault);
        return UNZIP_NO_ARCHIVE;
    }
    if (lists) {
        list_entries(&archive, path, names_only, globs, count, out, outs);
        return 0;
    }
    if (!quiet) {
        printf("Archive:  %s\n", path);
    }
    int status = 0;
    size_t matched = 0;
    for (size_t at = 0; at < archive.count; at++) {
        const struct entry *entry = &archive.entries[at];
        if ((count > 0 && !any_glob(globs, count, entry->name)) || any_glob(out, outs, entry->name)) {
            continue;
        }
        matched++;
        const char *name = safe_name(entry->name);
        size_t length = strlen(name);
        bool folder = length > 0 && name[length - 1] == '/';
        if (tests) {
            fault = unpack(&archive, entry, -1);
            printf("    testing: %-22s   %s\n", entry->name, fault == NULL ? "OK" : fault);
            status = fault == NULL ? status : UNZIP_DAMAGED;
            continue;
        }
        if (to_stdout) {
            fflush(stdout);
            fault = folder ? NULL : unpack(&archive, entry, 1);
        }
        else {
            const char *slash = strrchr(name, '/');
            char *full = malloc(strlen(target) + length + 2);
            sprintf(full, target[0] != '\0' ? "%s/%s" : "%s%s", target, flat && slash != NULL ? slash + 1 : name);
            if (folder && (flat || length == 0)) {
                free(full);
                continue;
            }
            make_folders(full);
            if (folder) {
                mkdir(full, 0777);
                if (!quiet) {
                    printf("   creating: %s\n", full);
                }
                free(full);
                continue;
            }
            struct stat about;
            bool there = lstat(full, &about) == 0;
            if (there && !overwrites) {
                /* Nobody is there to be asked. */
                if (!never) {
                    complain("unzip", "%s already exists; -o overwrites it", full);
                    status = UNZIP_EXISTS;
                }
                free(full);
                continue;
            }
            if (there) {
                unlink(full);
            }
            if ((entry->mode & S_IFMT) == S_IFLNK && entry->size < 4096) {
                char *text = calloc(1, entry->size + 1);
                const unsigned char *packed = entry->method == 0 ? packed_bytes(&archive, entry) : NULL;
                if (packed != NULL) {
                    memcpy(text, packed, entry->packed < entry->size ? entry->packed : entry->size);
                }
                fault = packed == NULL || symlink(text, full) != 0 ? "its link cannot be made" : NULL;
                free(text);
            }
            else {
                int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
                if (!quiet) {
                    printf(entry->method == 8 ? "  inflating: %s  \n" : " extracting: %s  \n", full);
                }
                fault = fd < 0 ? strerror(errno) : unpack(&archive, entry, fd);
                if (fd >= 0) {
                    struct timespec times[2] = {{.tv_sec = entry->time}, {.tv_sec = entry->time}};
                    futimens(fd, times);
                    if (entry->mode & 0777) {
                        fchmod(fd, entry->mode & 0777);
                    }
                    close(fd);
                }
            }
            free(full);
        }
        if (fault != NULL) {
            complain("unzip", "%s: %s", entry->name, fault);
            status = UNZIP_DAMAGED;
        }
    }
    if (tests && status == 0) {
        printf("No errors detected in compressed data of %s.\n", path);
    }
    if (count > 0 && matched == 0) {
        fprintf(stderr, "caution: filename not matched:  %s\n", globs[0]);
        return UNZIP_NO_MATCH;
    }
    return fflush(stdout) != 0 ? UNZIP_DAMAGED : status;
}

/* ---- zip ---- */

enum { ZIP_NOTHING = 12, ZIP_CANNOT_WRITE = 15, ZIP_BAD_OPTION = 16, ZIP_CANNOT_OPEN = 18 };

static struct {
    bool recursive, flat, quiet, moves, keeps_links, no_folders, deletes;
    int level;
    char **out, **in;
    int outs, ins;
} zip = {.level = 6};

static struct archive old;
static FILE *output;
static unsigned char *directory;
static size_t directory_length, entry_count;
static unsigned long place;
static int zip_status;
static char **moved;
static size_t moved_count;

static bool emit(const void *data, size_t length)
{
    place += length;
    return length == 0 || fwrite(data, length, 1, output) == 1;
}

static void note_entry(const unsigned char *record, size_t length)
{
    directory = realloc(directory, directory_length + length);
    memcpy(directory + directory_length, record, length);
    directory_length += length;
    entry_count++;
}

/* One file, folder or link into the archive. */
static bool add(const char *path, const char *name, const struct stat *about)
{
    struct bytes bytes = {0};
    bool folder = S_ISDIR(about->st_mode), link = S_ISLNK(about->st_mode);
    char target[4096];
    if (link) {
        ssize_t length = readlink(path, target, sizeof target);
        bytes = (struct bytes){(unsigned char *)target, length < 0 ? 0 : (size_t)length};
    }
    else if (!folder && !read_file(path, &bytes)) {
        complain("zip", "%s: %s", path, strerror(errno));
        zip_status = ZIP_CANNOT_OPEN;
        return true;
    }
    size_t bound = bytes.length + bytes.length / 1000 + 64, packed = 0;
    unsigned char *room = NULL, *from = bytes.data;
    unsigned method = 0;
    if (bytes.length > 0 && zip.level > 0 && !link) {
        z_stream stream = {0};
        room = malloc(bound);
        deflateInit2(&stream, zip.level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
        stream.next_in = bytes.data;
        stream.avail_in = (uInt)bytes.length;
        stream.next_out = room;
        stream.avail_out = (uInt)bound;
        if (deflate(&stream, Z_FINISH) == Z_STREAM_END && bound - stream.avail_out < bytes.length) {
            packed = bound - stream.avail_out;
            method = 8;
            from = room;
        }
        deflateEnd(&stream);
    }
    if (method == 0) {
        packed = bytes.length;
    }
    unsigned long when = dos_of(about->st_mtime), crc = crc32(0, NULL, 0);
    crc = crc32(crc, bytes.data, (uInt)bytes.length);
    size_t name_length = strlen(name);
    unsigned char record[ENTRY_BYTES] = {0};
    put32(record, ENTRY);
    put16(record + 4, 3 << 8 | 30);
    put16(record + 6, method == 8 || folder ? 20 : 10);
    put16(record + 8, 0x800);
    put16(record + 10, method);
    put32(record + 12, when);
    put32(record + 16, crc);
    put32(record + 20, packed);
    put32(record + 24, bytes.length);
    put16(record + 28, (unsigned)name_length);
    put32(record + 38, (unsigned long)about->st_mode << 16 | (folder ? 0x10 : 0));
    put32(record + 42, place);
    unsigned char local[LOCAL_BYTES] = {0};
    put32(local, LOCAL);
    memcpy(local + 4, record + 6, 24);
    bool done = bytes.length <= MOST_BYTES && place <= MOST_BYTES && entry_count < MOST_ENTRIES && emit(local, sizeof local) &&
                emit(name, name_length) && emit(from, packed);
    note_entry(record, sizeof record);
    directory = realloc(directory, directory_length + name_length);
    memcpy(directory + directory_length, name, name_length);
    directory_length += name_length;
    if (!zip.quiet) {
        bool updates = false;
        for (size_t at = 0; at < old.count; at++) {
            updates |= strcmp(old.entries[at].name, name) == 0;
        }
        double saved = bytes.length == 0 ? 0 : 100.0 * (double)(bytes.length - packed) / (double)bytes.length;
        printf("%s: %s (%s %.0f%%)\n", updates ? "updating" : "  adding", name, method == 8 ? "deflated" : "stored", saved);
    }
    if (zip.moves && !folder) {
        moved = realloc(moved, (moved_count + 1) * sizeof *moved);
        moved[moved_count++] = strdup(path);
    }
    free(room);
    if (!link) {
        free(bytes.data);
    }
    return done;
}

/* Names gathered before the archive is written, sorted by folders. */
struct found {
    char *path, *name;
    struct stat about;
};
static struct found *found;
static size_t found_count;

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void find(const char *path)
{
    struct stat about;
    if ((zip.keeps_links ? lstat(path, &about) : stat(path, &about)) != 0) {
        fprintf(stderr, "        zip warning: name not matched: %s\n", path);
        return;
    }
    bool folder = S_ISDIR(about.st_mode);
    const char *name = path, *slash = strrchr(path, '/');
    while (name[0] == '/' || strncmp(name, "./", 2) == 0) {
        name += name[0] == '/' ? 1 : 2;
    }
    if (zip.flat && slash != NULL) {
        name = slash + 1;
    }
    size_t length = strlen(name);
    char *kept = malloc(length + 2);
    strcpy(kept, name);
    while (length > 0 && kept[length - 1] == '/') {
        kept[--length] = '\0';
    }
    if (folder) {
        strcat(kept, "/");
    }
    bool skipped = any_glob(zip.out, zip.outs, kept) || (zip.ins > 0 && !folder && !any_glob(zip.in, zip.ins, kept));
    bool named = strcmp(name, ".") != 0 && length > 0 && !(folder && (zip.flat || zip.no_folders || zip.ins > 0));
    if (named && !skipped) {
        found = realloc(found, (found_count + 1) * sizeof *found);
        found[found_count++] = (struct found){strdup(path), kept, about};
    }
    struct dirent **entries;
    int count = folder && zip.recursive && !skipped ? scandir(path, &entries, NULL, by_name) : 0;
    for (int at = 0; at < count; at++) {
        if (strcmp(entries[at]->d_name, ".") != 0 && strcmp(entries[at]->d_name, "..") != 0) {
            char *inner = malloc(strlen(path) + strlen(entries[at]->d_name) + 2);
            sprintf(inner, path[strlen(path) - 1] == '/' ? "%s%s" : "%s/%s", path, entries[at]->d_name);
            find(inner);
            free(inner);
        }
        free(entries[at]);
    }
}

/* What the old archive had and the new one does not replace. */
static bool keep_old(char **globs, int count)
{
    bool done = true;
    for (size_t at = 0; at < old.count && done; at++) {
        struct entry *entry = &old.entries[at];
        if (zip.deletes && any_glob(globs, count, entry->name)) {
            if (!zip.quiet) {
                printf("deleting: %s\n", entry->name);
            }
            entry->deleted = true;
            continue;
        }
        for (size_t each = 0; each < found_count && !entry->deleted; each++) {
            entry->deleted = strcmp(found[each].name, entry->name) == 0;
        }
        const unsigned char *packed = entry->deleted ? NULL : packed_bytes(&old, entry);
        if (packed == NULL) {
            continue;
        }
        const unsigned char *local = old.bytes.data + entry->place;
        size_t length = ENTRY_BYTES + get16(entry->record + 28) + get16(entry->record + 30) + get16(entry->record + 32);
        unsigned char *record = malloc(length);
        memcpy(record, entry->record, length);
        put32(record + 42, place);
        done = emit(local, (size_t)(packed + entry->packed - local));
        note_entry(record, length);
        free(record);
    }
    return done;
}

static bool finish(void)
{
    unsigned char end[END_BYTES] = {0};
    unsigned long start = place;
    put32(end, END);
    put16(end + 8, (unsigned)entry_count);
    put16(end + 10, (unsigned)entry_count);
    put32(end + 12, directory_length);
    put32(end + 16, start);
    return start <= MOST_BYTES && emit(directory, directory_length) && emit(end, sizeof end) && fflush(output) == 0;
}

int zip_main(int argc, char **argv)
{
    char *target = NULL, **names = calloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    zip.out = calloc((size_t)argc + 1, sizeof *zip.out);
    zip.in = calloc((size_t)argc + 1, sizeof *zip.in);
    char ***list = &names;
    int *length = &count;
    for (int at = 1; at < argc; at++) {
        char *word = argv[at];
        if (word[0] != '-' || word[1] == '\0') {
            if (target == NULL) {
                target = word;
            }
            else {
                (*list)[(*length)++] = word;
            }
            continue;
        }
        for (char *letter = word + 1; *letter != '\0'; letter++) {
            switch (*letter) {
            case 'r': zip.recursive = true; break;
            case 'j': zip.flat = true; break;
            case 'q': zip.quiet = true; break;
            case 'm': zip.moves = true; break;
            case 'y': zip.keeps_links = true; break;
            case 'D': zip.no_folders = true; break;
            case 'd': zip.deletes = true; break;
            case 'x': list = &zip.out; length = &zip.outs; break;
            case 'i': list = &zip.in; length = &zip.ins; break;
            case 'u':
            case 'g':
            case 'o':
            case 'v':
            case 'T':
            case 'X': break;
            default:
                if (*letter < '0' || *letter > '9') {
                    complain("zip", "invalid option -- '%c'", *letter);
                    return ZIP_BAD_OPTION;
                }
                zip.level = *letter - '0';
            }
        }
    }
    if (target == NULL || (count == 0 && !zip.deletes)) {
        fputs("usage: zip [-rjqmyD0..9] ARCHIVE[.zip] FILE... [-x PATTERN...] [-i PATTERN...]\n", stderr);
        return target == NULL ? ZIP_BAD_OPTION : ZIP_NOTHING;
    }
    bool to_stdout = strcmp(target, "-") == 0;
    const char *slash = strrchr(target, '/');
    char *path = malloc(strlen(target) + 12);
    sprintf(path, strchr(slash == NULL ? target : slash, '.') == NULL ? "%s.zip" : "%s", target);
    if (!to_stdout && read_file(path, &old.bytes) && read_archive(&old) != NULL) {
        complain("zip", "%s: not an archive", path);
        return 3;
    }
    for (int at = 0; at < count && !zip.deletes; at++) {
        find(names[at]);
    }
    if (found_count == 0 && !zip.deletes) {
        fprintf(stderr, "\nzip error: Nothing to do! (%s)\n", path);
        return ZIP_NOTHING;
    }
    char *partial = malloc(strlen(path) + 12);
    sprintf(partial, "%s.partial", path);
    output = to_stdout ? stdout : fopen(partial, "w");
    zip.quiet |= to_stdout;
    if (output == NULL) {
        complain("zip", "%s: %s", path, strerror(errno));
        return ZIP_CANNOT_WRITE;
    }
    bool done = keep_old(names, count);
    for (size_t at = 0; at < found_count && done; at++) {
        done = add(found[at].path, found[at].name, &found[at].about);
    }
    done = done && finish();
    if (!to_stdout) {
        fclose(output);
        done = done && rename(partial, path) == 0;
    }
    if (!done) {
        complain("zip", "%s: cannot be written, or is too large", path);
        unlink(partial);
        return ZIP_CANNOT_WRITE;
    }
    for (size_t at = 0; at < moved_count; at++) {
        unlink(moved[at]);
    }
    return zip_status;
}

#include "../codec.h"
#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 65536 };

struct codec {
    enum codec_kind kind;
    int fd;
    bool writes;
    bool ended;    /* the input is read to its end */
    bool between;  /* behind a whole member, before the next one */
    const char *fault;
    z_stream z;
    bz_stream b;
    lzma_stream x;
    gz_header head;
    char *name;
    unsigned char *next;
    size_t left;
    unsigned char buffer[BUFFER];
};

enum codec_kind codec_kind_of(const void *start, size_t length)
{
    const unsigned char *bytes = start;
    if (length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
        return CODEC_GZIP;
    }
    if (length >= 4 && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9') {
        return CODEC_BZIP2;
    }
    if (length >= 6 && memcmp(bytes, "\xfd" "7zXZ", 6) == 0) {
        return CODEC_XZ;
    }
    return CODEC_NONE;
}

static struct codec *make(enum codec_kind kind, int fd)
{
    struct codec *codec = calloc(1, sizeof *codec);
    if (codec == NULL) {
        abort();
    }
    codec->kind = kind;
    codec->fd = fd;
    return codec;
}

/* ---- unpacking ---- */

static bool start_member(struct codec *codec)
{
    int started = 0;
    switch (codec->kind) {
    case CODEC_GZIP:
        started = inflateInit2(&codec->z, 15 + 16) == Z_OK;
        break;
    case CODEC_BZIP2:
        memset(&codec->b, 0, sizeof codec->b);
        started = BZ2_bzDecompressInit(&codec->b, 0, 0) == BZ_OK;
        break;
    case CODEC_XZ:
        codec->x = (lzma_stream)LZMA_STREAM_INIT;
        started = lzma_stream_decoder(&codec->x, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK;
        break;
    default:
        started = 1;
    }
    if (!started) {
        codec->fault = "memory exhausted";
    }
    return started;
}

static void end_member(struct codec *codec)
{
    switch (codec->kind) {
    case CODEC_GZIP:
        if (codec->writes) {
            deflateEnd(&codec->z);
        }
        else {
            inflateEnd(&codec->z);
        }
        break;
    case CODEC_BZIP2:
        if (codec->writes) {
            BZ2_bzCompressEnd(&codec->b);
        }
        else {
            BZ2_bzDecompressEnd(&codec->b);
        }
        break;
    case CODEC_XZ:
        lzma_end(&codec->x);
        break;
    default:
        break;
    }
}

struct codec *codec_reader(enum codec_kind kind, int fd, const void *ahead, size_t length)
{
    struct codec *codec = make(kind, fd);
    if (length > BUFFER) {
        length = BUFFER;
    }
    memcpy(codec->buffer, ahead, length);
    codec->next = codec->buffer;
    codec->left = length;
    start_member(codec);
    return codec;
}

/* More input into the buffer, behind what is left of it; false on an error. */
static bool fill(struct codec *codec)
{
    memmove(codec->buffer, codec->next, codec->left);
    codec->next = codec->buffer;
    ssize_t got = read(codec->fd, codec->buffer + codec->left, BUFFER - codec->left);
    if (got < 0) {
        codec->fault = strerror(errno);
        return false;
    }
    codec->ended = got == 0;
    codec->left += (size_t)got;
    return true;
}

enum step { MORE, MEMBER_ENDED, DAMAGED };

/* One call of the library: takes from the buffer, puts into `out`. */
static enum step unpack(struct codec *codec, unsigned char **out, size_t *room)
{
    unsigned char *before = codec->next;
    enum step step = MORE;
    switch (codec->kind) {
    case CODEC_GZIP: {
        codec->z.next_in = codec->next;
        codec->z.avail_in = (uInt)codec->left;
        codec->z.next_out = *out;
        codec->z.avail_out = (uInt)*room;
        int result = inflate(&codec->z, Z_NO_FLUSH);
        step = result == Z_STREAM_END ? MEMBER_ENDED : result == Z_OK || result == Z_BUF_ERROR ? MORE : DAMAGED;
        codec->next = codec->z.next_in;
        *out = codec->z.next_out;
        *room = codec->z.avail_out;
        break;
    }
    case CODEC_BZIP2: {
        codec->b.next_in = (char *)codec->next;
        codec->b.avail_in = (unsigned)codec->left;
        codec->b.next_out = (char *)*out;
        codec->b.avail_out = (unsigned)*room;
        int result = BZ2_bzDecompress(&codec->b);
        step = result == BZ_STREAM_END ? MEMBER_ENDED : result == BZ_OK ? MORE : DAMAGED;
        codec->next = (unsigned char *)codec->b.next_in;
        *out = (unsigned char *)codec->b.next_out;
        *room = codec->b.avail_out;
        break;
    }
    case CODEC_XZ: {
        codec->x.next_in = codec->next;
        codec->x.avail_in = codec->left;
        codec->x.next_out = *out;
        codec->x.avail_out = *room;
        lzma_ret result = lzma_code(&codec->x, codec->ended ? LZMA_FINISH : LZMA_RUN);
        step = result == LZMA_STREAM_END ? MEMBER_ENDED : result == LZMA_OK || result == LZMA_BUF_ERROR ? MORE : DAMAGED;
        codec->next = (unsigned char *)codec->x.next_in;
        *out = codec->x.next_out;
        *room = codec->x.avail_out;
        break;
    }
    default: {
        size_t take = codec->left < *room ? codec->left : *room;
        memcpy(*out, codec->next, take);
        codec->next += take;
        *out += take;
        *room -= take;
    }
    }
    codec->left -= (size_t)(codec->next - before);
    return step;
}

ssize_t codec_read(struct codec *codec, void *into, size_t size)
{
    unsigned char *out = into;
    size_t room = size;
    while (room == size && codec->fault == NULL) {
        if (codec->left < 6 && !codec->ended && !fill(codec)) {
            return -1;
        }
        if (codec->between) {
            /* Another member, or padding that is nobody's. */
            if (codec->kind == CODEC_XZ || codec_kind_of(codec->next, codec->left) != codec->kind) {
                return 0;
            }
            codec->between = false;
            if (!start_member(codec)) {
                return -1;
            }
        }
        if (codec->kind == CODEC_NONE && codec->ended && codec->left == 0) {
            return 0;
        }
        size_t left = codec->left;
        switch (unpack(codec, &out, &room)) {
        case MEMBER_ENDED:
            end_member(codec);
            codec->between = true;
            break;
        case DAMAGED:
            codec->fault = "the data is damaged";
            break;
        case MORE:
            if (codec->ended && room == size && codec->left == left) {
                codec->fault = "unexpected end of file";
            }
        }
    }
    if (room == size) {
        return -1;
    }
    return (ssize_t)(size - room);
}

/* ---- packing ---- */

struct codec *codec_writer(enum codec_kind kind, int fd, int level, const char *name, unsigned long time)
{
    struct codec *codec = make(kind, fd);
    int started = 1;
    codec->writes = true;
    switch (kind) {
    case CODEC_GZIP:
        started = deflateInit2(&codec->z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        codec->head.os = 3;
        codec->head.time = time;
        codec->name = name == NULL ? NULL : strdup(name);
        codec->head.name = (Bytef *)codec->name;
        deflateSetHeader(&codec->z, &codec->head);
        break;
    case CODEC_BZIP2:
        started = BZ2_bzCompressInit(&codec->b, level, 0, 0) == BZ_OK;
        break;
    case CODEC_XZ:
        codec->x = (lzma_stream)LZMA_STREAM_INIT;
        started = lzma_easy_encoder(&codec->x, (uint32_t)level, LZMA_CHECK_CRC64) == LZMA_OK;
        break;
    default:
        break;
    }
    if (!started) {
        codec->fault = "memory exhausted";
    }
    return codec;
}

static bool put(struct codec *codec, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(codec->fd, codec->buffer + done, length - done);
        if (wrote <= 0) {
            codec->fault = strerror(errno);
            return false;
        }
        done += (size_t)wrote;
    }
    return true;
}

/* Runs the library until all of `size` is taken, and at the end until all is out. */
static bool pack(struct codec *codec, const void *data, size_t size, bool last)
{
    codec->z.next_in = (Bytef *)data;
    codec->z.avail_in = (uInt)size;
    codec->b.next_in = (char *)data;
    codec->b.avail_in = (unsigned)size;
    codec->x.next_in = data;
    codec->x.avail_in = size;
    bool done = false;
    while (!done && codec->fault == NULL) {
        size_t room = BUFFER;
        switch (codec->kind) {
        case CODEC_GZIP: {
            codec->z.next_out = codec->buffer;
            codec->z.avail_out = BUFFER;
            int result = deflate(&codec->z, last ? Z_FINISH : Z_NO_FLUSH);
            room = codec->z.avail_out;
            done = last ? result == Z_STREAM_END : codec->z.avail_in == 0 && room > 0;
            break;
        }
        case CODEC_BZIP2: {
            codec->b.next_out = (char *)codec->buffer;
            codec->b.avail_out = BUFFER;
            int result = BZ2_bzCompress(&codec->b, last ? BZ_FINISH : BZ_RUN);
            room = codec->b.avail_out;
            done = last ? result == BZ_STREAM_END : codec->b.avail_in == 0;
            break;
        }
        case CODEC_XZ: {
            codec->x.next_out = codec->buffer;
            codec->x.avail_out = BUFFER;
            lzma_ret result = lzma_code(&codec->x, last ? LZMA_FINISH : LZMA_RUN);
            room = codec->x.avail_out;
            done = last ? result == LZMA_STREAM_END : codec->x.avail_in == 0 && room > 0;
            if (result != LZMA_OK && result != LZMA_STREAM_END) {
                codec->fault = "memory exhausted";
            }
            break;
        }
        default:
            done = true;
        }
        if (!put(codec, BUFFER - room)) {
            return false;
        }
    }
    return codec->fault == NULL;
}

bool codec_write(struct codec *codec, const void *data, size_t size)
{
    return codec->fault == NULL && (size == 0 || pack(codec, data, size, false));
}

bool codec_finish(struct codec *codec)
{
    return codec->fault == NULL && pack(codec, NULL, 0, true);
}

const char *codec_fault(const struct codec *codec)
{
    return codec->fault == NULL ? "no fault" : codec->fault;
}

void codec_free(struct codec *codec)
{
    if (codec != NULL) {
        if (!codec->between) {
            end_member(codec);
        }
        free(codec->name);
        free(codec);
    }
}

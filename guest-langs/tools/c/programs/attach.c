#include "../codec.h"
#include "../attach.h"
#include <errno.h>
#undef read
#undef write
#undef lseek

/* One at a time is enough: tar has one archive. */
static struct codec *attached;
static int attached_to = -1;
static bool writes;

ssize_t attached_read(int fd, void *out, size_t size)
{
    if (fd != attached_to) {
        return read(fd, out, size);
    }
    ssize_t got = codec_read(attached, out, size);
    if (got < 0) {
        errno = EIO;
    }
    return got;
}

ssize_t attached_write(int fd, const void *data, size_t size)
{
    if (fd != attached_to) {
        return write(fd, data, size);
    }
    if (!codec_write(attached, data, size)) {
        errno = EIO;
        return -1;
    }
    return (ssize_t)size;
}

off_t attached_lseek(int fd, off_t offset, int whence)
{
    if (fd != attached_to) {
        return lseek(fd, offset, whence);
    }
    errno = ESPIPE;
    return -1;
}

int attach_unpacker(int fd, const void *ahead, size_t length)
{
    enum codec_kind kind = codec_kind_of(ahead, length);
    attached = codec_reader(kind, fd, ahead, length);
    attached_to = fd;
    return kind != CODEC_NONE;
}

void attach_packer(int fd, char option)
{
    enum codec_kind kind = option == 'z' ? CODEC_GZIP : option == 'j' ? CODEC_BZIP2 : CODEC_XZ;
    attached = codec_writer(kind, fd, kind == CODEC_BZIP2 ? 9 : 6, NULL, 0);
    attached_to = fd;
    writes = true;
}

int detach(void)
{
    bool done = attached == NULL || !writes || codec_finish(attached);
    codec_free(attached);
    attached = NULL;
    attached_to = -1;
    return done;
}

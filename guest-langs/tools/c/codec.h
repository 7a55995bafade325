/* Packed streams: gzip, bzip2 and xz, read from and written to descriptors. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum codec_kind { CODEC_NONE, CODEC_GZIP, CODEC_BZIP2, CODEC_XZ };

/* What a stream that starts with these bytes is packed with; six bytes say it. */
enum codec_kind codec_kind_of(const void *start, size_t length);

struct codec;

/* Unpacks what a descriptor gives, `ahead` first, one member behind the other. */
struct codec *codec_reader(enum codec_kind kind, int fd, const void *ahead, size_t length);
/* Bytes put into `out`; 0 at the end; -1 when the stream is damaged, ends too early or cannot be read. */
ssize_t codec_read(struct codec *codec, void *out, size_t size);

/* Packs into a descriptor. `name` and `time` go into the head of gzip; NULL and 0 for none. */
struct codec *codec_writer(enum codec_kind kind, int fd, int level, const char *name, unsigned long time);
bool codec_write(struct codec *codec, const void *data, size_t size);
/* Writes what is left; false when anything failed. */
bool codec_finish(struct codec *codec);

/* What went wrong, in words. */
const char *codec_fault(const struct codec *codec);
void codec_free(struct codec *codec);

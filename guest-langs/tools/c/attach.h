/* Included before toybox's files: a codec may stand between a descriptor and who reads or writes
 * it, so that tar needs no other program for packed archives. */
#pragma once
#include <unistd.h>

ssize_t attached_read(int fd, void *out, size_t size);
ssize_t attached_write(int fd, const void *data, size_t size);
off_t attached_lseek(int fd, off_t offset, int whence);

/* Unpack what is read from `fd` from now on, of whatever kind it is; `ahead` was read already.
 * Returns 0 when it is packed in no way that is known. */
int attach_unpacker(int fd, const void *ahead, size_t length);
/* Pack what is written to `fd` from now on, as the letter of tar's option says: z, j or J. */
void attach_packer(int fd, char option);
/* Write what is left; 0 when anything failed. */
int detach(void);

#undef lseek
#define read(fd, out, size) attached_read(fd, out, size)
#define write(fd, data, size) attached_write(fd, data, size)
#define lseek(fd, offset, whence) attached_lseek(fd, offset, whence)

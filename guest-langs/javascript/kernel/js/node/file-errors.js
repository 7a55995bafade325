// Errors of files in the words of Node.
const TEXTS = {
  EACCES: [13, 'permission denied'],
  EAGAIN: [11, 'resource temporarily unavailable'],
  EBADF: [9, 'bad file descriptor'],
  EBUSY: [16, 'resource busy or locked'],
  EDQUOT: [122, 'disk quota exceeded'],
  EEXIST: [17, 'file already exists'],
  EFBIG: [27, 'file too large'],
  EILSEQ: [84, 'illegal byte sequence'],
  EINTR: [4, 'interrupted system call'],
  EINVAL: [22, 'invalid argument'],
  EIO: [5, 'i/o error'],
  EISDIR: [21, 'illegal operation on a directory'],
  ELOOP: [40, 'too many symbolic links encountered'],
  EMFILE: [24, 'too many open files'],
  EMLINK: [31, 'too many links'],
  ENAMETOOLONG: [36, 'name too long'],
  ENFILE: [23, 'file table overflow'],
  ENOENT: [2, 'no such file or directory'],
  ENOMEM: [12, 'not enough memory'],
  ENOSPC: [28, 'no space left on device'],
  ENOSYS: [38, 'function not implemented'],
  ENOTDIR: [20, 'not a directory'],
  ENOTEMPTY: [39, 'directory not empty'],
  ENOTSUP: [95, 'operation not supported on socket'],
  EPERM: [1, 'operation not permitted'],
  EROFS: [30, 'read-only file system'],
  ESPIPE: [29, 'invalid seek'],
  EXDEV: [18, 'cross-device link not permitted'],
};

// Node's error for what a native function threw; anything else as it is.
export function fileError(error, syscall, path, dest) {
  const found = TEXTS[error?.code];
  if (found === undefined || error.syscall !== undefined) return error;
  const [number, text] = found;
  const about = path === undefined || typeof path === 'number' ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
  const failure = new Error(`${error.code}: ${text}, ${syscall}${about}`);
  Error.captureStackTrace?.(failure, fileError);
  failure.errno = -number;
  failure.code = error.code;
  failure.syscall = syscall;
  if (about !== '') failure.path = path;
  if (dest !== undefined) failure.dest = dest;
  return failure;
}

export const errnoOf = (code) => TEXTS[code]?.[0];
export const errorTexts = TEXTS;

// fs, the functions that answer at once.
import { Buffer } from 'buffer';
import native from '../native.js';
import { STDERR, STDOUT, write as writeStream } from '../streams.js';
import { fileError } from './file-errors.js';
import { Dirent, Stats } from './fs-stats.js';

export const constants = {
  F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4,
  COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4,
  O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0o100, O_EXCL: 0o200, O_NOCTTY: 0o400, O_TRUNC: 0o1000,
  O_APPEND: 0o2000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000, O_SYNC: 0o4010000, O_DSYNC: 0o10000, O_NONBLOCK: 0o4000,
  S_IFMT: 0o170000, S_IFREG: 0o100000, S_IFDIR: 0o040000, S_IFCHR: 0o020000, S_IFBLK: 0o060000, S_IFIFO: 0o010000,
  S_IFLNK: 0o120000, S_IFSOCK: 0o140000,
  S_IRWXU: 0o700, S_IRUSR: 0o400, S_IWUSR: 0o200, S_IXUSR: 0o100, S_IRWXG: 0o70, S_IRGRP: 0o40, S_IWGRP: 0o20, S_IXGRP: 0o10,
  S_IRWXO: 0o7, S_IROTH: 0o4, S_IWOTH: 0o2, S_IXOTH: 0o1,
};

const FLAGS = {
  r: 0, rs: 0, 'r+': 2, 'rs+': 2,
  w: 0o1101, wx: 0o1301, 'w+': 0o1102, 'wx+': 0o1302,
  a: 0o2101, ax: 0o2301, as: 0o2101, 'a+': 0o2102, 'ax+': 0o2302, 'as+': 0o2102,
};

export function flagsOf(flags = 'r') {
  if (typeof flags === 'number') return flags;
  const found = FLAGS[flags];
  if (found === undefined) throw argument('ERR_INVALID_ARG_VALUE', `The argument 'flags' is invalid. Received '${flags}'`);
  return found;
}

export function argument(code, message, Kind = TypeError) {
  const error = new Kind(message);
  error.code = code;
  return error;
}

export function pathOf(path, name = 'path') {
  let text;
  if (typeof path === 'string') text = path;
  else if (path instanceof Uint8Array) text = native.decode(path);
  else if (path !== null && typeof path === 'object' && path.href !== undefined && path.protocol !== undefined) {
    if (path.protocol !== 'file:') throw argument('ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    text = decodeURIComponent(path.pathname);
  } else throw argument('ERR_INVALID_ARG_TYPE', `The "${name}" argument must be of type string or an instance of Buffer or URL. Received ${path === null ? 'null' : typeof path}`);
  if (text.includes('\0')) throw argument('ERR_INVALID_ARG_VALUE', `The argument '${name}' must be a string, Uint8Array, or URL without null bytes. Received ${JSON.stringify(text)}`);
  // WASI knows no empty path.
  return text;
}

export const encodingOf = (options) => (typeof options === 'string' ? options : options?.encoding) || null;

// Run a native function; its error becomes Node's.
export function doing(syscall, path, dest, work) {
  try {
    return work();
  } catch (error) {
    throw fileError(error, syscall, path, dest);
  }
}

const encoded = (text, encoding) => (encoding === null || encoding === 'buffer' || encoding === undefined ? text : encoding === 'utf8' || encoding === 'utf-8' ? text : Buffer.from(text).toString(encoding));

export function openSync(path, flags, mode) {
  const text = pathOf(path);
  return doing('open', text, undefined, () => native.open(text, flagsOf(flags ?? 'r')));
}

export function closeSync(file) {
  doing('close', undefined, undefined, () => native.close(file));
}

export function bytesOf(data, encoding) {
  if (typeof data === 'string') return encoding && !/^utf-?8$/i.test(encoding) ? Buffer.from(data, encoding) : native.encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw argument('ERR_INVALID_ARG_TYPE', `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? 'null' : typeof data}`);
}

export function readSync(file, buffer, offset, length, position) {
  if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
  offset ??= 0;
  const bytes = bytesOf(buffer);
  length ??= bytes.length - offset;
  const from = position === null || position === undefined ? -1 : Number(position);
  return doing('read', undefined, undefined, () => native.read(file, bytes, offset, length, from));
}

export function writeSync(file, data, offset, length, position) {
  let bytes;
  if (typeof data === 'string') {
    bytes = bytesOf(data, typeof length === 'string' ? length : undefined);
    position = typeof offset === 'number' ? offset : null;
    offset = 0;
    length = bytes.length;
  } else {
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    bytes = bytesOf(data);
    offset ??= 0;
    length ??= bytes.length - offset;
  }
  if (file === 1 || file === 2) {
    writeStream(file === 1 ? STDOUT : STDERR, bytes.subarray(offset, offset + length));
    return length;
  }
  const at = position === null || position === undefined ? -1 : Number(position);
  return doing('write', undefined, undefined, () => native.write(file, bytes, offset, length, at));
}

export function writeAll(file, bytes, position = null) {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position === null ? null : position + done);
  }
}

export function readFileSync(path, options) {
  const encoding = encodingOf(options);
  const utf8 = encoding !== null && /^utf-?8$/i.test(encoding);
  let bytes;
  if (typeof path === 'number') {
    const parts = [];
    for (;;) {
      const part = new Uint8Array(65536);
      const got = readSync(path, part, 0, part.length, null);
      if (got === 0) break;
      parts.push(part.subarray(0, got));
    }
    bytes = Buffer.concat(parts);
  } else {
    const text = pathOf(path);
    const flags = flagsOf(options?.flag ?? 'r');
    if (flags !== 0) native.close(openSync(text, flags));
    const what = native.kind(text) === 'd' ? 'read' : 'open';
    bytes = doing(what, what === 'read' ? undefined : text, undefined, () => native.readFile(text, utf8));
    if (utf8) return bytes;
    bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return encoding === null || encoding === 'buffer' ? bytes : bytes.toString(encoding);
}

export function writeFileSync(path, data, options) {
  const bytes = bytesOf(data, encodingOf(options));
  if (typeof path === 'number') {
    writeAll(path, bytes);
    return;
  }
  const file = openSync(path, options?.flag ?? 'w');
  try {
    writeAll(file, bytes);
  } finally {
    native.close(file);
  }
}

export function appendFileSync(path, data, options) {
  writeFileSync(path, data, { ...(typeof options === 'string' ? { encoding: options } : options), flag: options?.flag ?? 'a' });
}

function about(path, follow, syscall, options) {
  const text = pathOf(path);
  try {
    return new Stats(native.stat(text, follow), options?.bigint);
  } catch (error) {
    if (options?.throwIfNoEntry === false && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw fileError(error, syscall, text);
  }
}

export const statSync = (path, options) => about(path, true, 'stat', options);
export const lstatSync = (path, options) => about(path, false, 'lstat', options);
export const fstatSync = (file, options) => doing('fstat', undefined, undefined, () => new Stats(native.stat(file), options?.bigint));

export function existsSync(path) {
  try {
    return native.kind(pathOf(path)) !== '';
  } catch {
    return false;
  }
}

export function accessSync(path) {
  const text = pathOf(path);
  doing('access', text, undefined, () => native.stat(text, true));
}

export function readdirSync(path, options) {
  const top = pathOf(path);
  const encoding = encodingOf(options);
  const found = [];
  const walk = (folder, inside) => {
    const names = doing('scandir', folder, undefined, () => native.list(folder));
    const entries = [];
    for (let at = 0; at < names.length; at += 2) entries.push([names[at], names[at + 1]]);
    entries.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    for (const [name, type] of entries) {
      found.push(options?.withFileTypes ? new Dirent(name, folder, type) : encoding === 'buffer' ? Buffer.from(inside + name) : encoded(inside + name, encoding));
      if (options?.recursive && type === 2) walk(`${folder}/${name}`, `${inside}${name}/`);
    }
  };
  walk(top, '');
  return found;
}

export function mkdirSync(path, options) {
  const text = pathOf(path);
  if (!options?.recursive) {
    doing('mkdir', text, undefined, () => native.makeFolder(text));
    return undefined;
  }
  let first;
  let at = text.startsWith('/') ? '' : '.';
  for (const part of text.split('/')) {
    if (part === '') continue;
    at += `/${part}`;
    const kind = native.kind(at);
    if (kind === 'd') continue;
    if (kind === 'f') throw fileError({ code: at.endsWith(`/${text.split('/').filter(Boolean).at(-1)}`) ? 'EEXIST' : 'ENOTDIR' }, 'mkdir', text);
    doing('mkdir', text, undefined, () => native.makeFolder(at));
    first ??= at.startsWith('./') ? `${native.folder()}${at.slice(1)}` : at;
  }
  return first;
}

export function rmdirSync(path, options) {
  const text = pathOf(path);
  if (options?.recursive) rmSync(text, { recursive: true, force: false });
  else doing('rmdir', text, undefined, () => native.removeFolder(text));
}

export function unlinkSync(path) {
  const text = pathOf(path);
  doing('unlink', text, undefined, () => native.remove(text));
}

export function rmSync(path, options = {}) {
  const text = pathOf(path);
  const found = lstatSync(text, { throwIfNoEntry: false });
  if (found === undefined) {
    if (options.force) return;
    throw fileError({ code: 'ENOENT' }, 'rm', text);
  }
  if (!found.isDirectory()) {
    unlinkSync(text);
    return;
  }
  if (!options.recursive) {
    const error = argument('ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${text}`, Error);
    throw error;
  }
  for (const entry of readdirSync(text)) rmSync(`${text}/${entry}`, options);
  doing('rm', text, undefined, () => native.removeFolder(text));
}

export function renameSync(from, to) {
  const [one, other] = [pathOf(from, 'oldPath'), pathOf(to, 'newPath')];
  doing('rename', one, other, () => native.rename(one, other));
}

export function linkSync(from, to) {
  const [one, other] = [pathOf(from), pathOf(to)];
  doing('link', one, other, () => native.link(one, other));
}

export function symlinkSync(target, path) {
  const [one, other] = [pathOf(target, 'target'), pathOf(path)];
  doing('symlink', one, other, () => native.symlink(one, other));
}

export function readlinkSync(path, options) {
  const text = pathOf(path);
  return encoded(doing('readlink', text, undefined, () => native.readLink(text)), encodingOf(options));
}

export function realpathSync(path, options) {
  const start = pathOf(path);
  let rest = (start.startsWith('/') ? start : `${native.folder()}/${start}`).split('/');
  let at = '';
  for (let links = 0; rest.length > 0; ) {
    const part = rest.shift();
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = at.slice(0, at.lastIndexOf('/'));
      continue;
    }
    const next = `${at}/${part}`;
    const found = doing('lstat', next, undefined, () => new Stats(native.stat(next, false)));
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > 40) throw fileError({ code: 'ELOOP' }, 'realpath', start);
    const target = native.readLink(next);
    if (target.startsWith('/')) at = '';
    rest = [...target.split('/'), ...rest];
  }
  return encoded(at || '/', encodingOf(options));
}
realpathSync.native = realpathSync;

export function copyFileSync(from, to, mode = 0) {
  const [one, other] = [pathOf(from, 'src'), pathOf(to, 'dest')];
  if (mode & constants.COPYFILE_EXCL && native.kind(other) !== '') throw fileError({ code: 'EEXIST' }, 'copyfile', one, other);
  const bytes = doing('copyfile', one, other, () => native.readFile(one, false));
  writeFileSync(other, bytes);
}

export function cpSync(from, to, options = {}) {
  const [one, other] = [pathOf(from, 'src'), pathOf(to, 'dest')];
  if (options.filter && !options.filter(one, other)) return;
  const found = (options.dereference ? statSync : lstatSync)(one);
  if (found.isDirectory()) {
    if (!options.recursive) throw argument('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${one} is a directory (not copied)) ${one}`, Error);
    mkdirSync(other, { recursive: true });
    for (const name of readdirSync(one)) cpSync(`${one}/${name}`, `${other}/${name}`, options);
  } else if (native.kind(other) !== '' && options.force === false) {
    if (options.errorOnExist) throw fileError({ code: 'EEXIST' }, 'cp', one, other);
  } else if (found.isSymbolicLink()) {
    rmSync(other, { force: true });
    symlinkSync(readlinkSync(one), other);
  } else copyFileSync(one, other);
}

const msOf = (time) => (time instanceof Date ? time.getTime() : Number(time) * 1000);

export function utimesSync(path, atime, mtime) {
  const text = pathOf(path);
  doing('utime', text, undefined, () => native.setTimes(text, msOf(atime), msOf(mtime)));
}
export const lutimesSync = utimesSync;
export const futimesSync = (file, atime, mtime) => doing('futime', undefined, undefined, () => native.setTimes(file, msOf(atime), msOf(mtime)));
export const ftruncateSync = (file, length = 0) => doing('ftruncate', undefined, undefined, () => native.truncate(file, length));

export function truncateSync(path, length = 0) {
  if (typeof path === 'number') {
    ftruncateSync(path, length);
    return;
  }
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, length);
  } finally {
    native.close(file);
  }
}

// Files here have no owners and no modes: what is there is checked, and that is all.
export const chmodSync = (path) => accessSync(path);
export const lchmodSync = chmodSync;
export const chownSync = (path) => accessSync(path);
export const lchownSync = chownSync;
export const fchmodSync = (file) => void fstatSync(file);
export const fchownSync = (file) => void fstatSync(file);
export const fsyncSync = (file) => void fstatSync(file);
export const fdatasyncSync = fsyncSync;

export function mkdtempSync(prefix, options) {
  const start = pathOf(prefix, 'prefix');
  for (;;) {
    const random = new Uint8Array(6);
    native.random(random);
    const path = start + Array.from(random, (byte) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[byte % 62]).join('');
    if (native.kind(path) !== '') continue;
    doing('mkdtemp', `${start}XXXXXX`, undefined, () => native.makeFolder(path));
    return encoded(path, encodingOf(options));
  }
}

export function readvSync(file, buffers, position = null) {
  let total = 0;
  for (const buffer of buffers) {
    const got = readSync(file, buffer, 0, buffer.byteLength, position === null ? null : position + total);
    total += got;
    if (got < buffer.byteLength) break;
  }
  return total;
}

export function writevSync(file, buffers, position = null) {
  let total = 0;
  for (const buffer of buffers) total += writeSync(file, buffer, 0, buffer.byteLength, position === null ? null : position + total);
  return total;
}

export const statfsSync = () => ({ type: 0, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 });

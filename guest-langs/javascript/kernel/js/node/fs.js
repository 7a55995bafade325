// fs: the functions of fs-sync.js in the three shapes that Node has them in, and streams.
import { Buffer } from 'buffer';
import { EventEmitter } from 'events';
import stream from 'stream';
import { register } from '../modules/builtins.js';
import { process } from '../process.js';
import * as sync from './fs-sync.js';
import { Dirent, Stats } from './fs-stats.js';

const { argument, bytesOf, constants, pathOf } = sync;
const NAMES = ['access', 'appendFile', 'chmod', 'chown', 'close', 'copyFile', 'cp', 'fchmod', 'fchown', 'fdatasync', 'fstat', 'fsync', 'ftruncate', 'futimes', 'lchmod', 'lchown', 'link', 'lstat', 'lutimes', 'mkdir', 'mkdtemp', 'open', 'readdir', 'readFile', 'readlink', 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'statfs', 'symlink', 'truncate', 'unlink', 'utimes', 'writeFile'];

const fs = { constants, Dirent, Stats, ...constants };
for (const name of Object.keys(sync)) if (name.endsWith('Sync')) fs[name] = sync[name];

// With a callback as the last argument.
function withCallback(work, shape = (value) => [value]) {
  return (...args) => {
    const callback = args.findLast((one) => typeof one === 'function');
    if (callback === undefined) throw argument('ERR_INVALID_ARG_TYPE', 'The "cb" argument must be of type function. Received undefined');
    args.length = args.lastIndexOf(callback);
    let values;
    try {
      values = shape(work(...args), args);
    } catch (error) {
      if (error?.syscall === undefined && error instanceof TypeError && error.code !== undefined) throw error;
      setImmediate(callback, error);
      return;
    }
    if (values.length === 1 && values[0] === undefined) setImmediate(callback, null);
    else setImmediate(callback, null, ...values);
  };
}
const setImmediate = (callback, ...args) => globalThis.setImmediate(callback, ...args);

for (const name of NAMES) fs[name] = withCallback(sync[`${name}Sync`]);
fs.read = withCallback((file, buffer, ...rest) => {
  if (!ArrayBuffer.isView(buffer)) {
    const options = buffer ?? {};
    return [sync.readSync(file, options.buffer ??= Buffer.alloc(16384), options), options.buffer];
  }
  return [sync.readSync(file, buffer, ...rest), buffer];
}, (values) => values);
fs.write = withCallback((file, data, ...rest) => [sync.writeSync(file, data, ...rest), data], (values) => values);
fs.readv = withCallback((file, buffers, position) => [sync.readvSync(file, buffers, position), buffers], (values) => values);
fs.writev = withCallback((file, buffers, position) => [sync.writevSync(file, buffers, position), buffers], (values) => values);
fs.realpath.native = fs.realpath;
fs.exists = (path, callback) => setImmediate(callback, sync.existsSync(path));
Object.defineProperty(fs.exists, Symbol.for('nodejs.util.promisify.custom'), { value: async (path) => sync.existsSync(path) });
for (const name of ['read', 'write']) {
  const field = name === 'read' ? 'bytesRead' : 'bytesWritten';
  Object.defineProperty(fs[name], Symbol.for('nodejs.util.promisify.custom'), {
    value: (...args) => new Promise((resolve, reject) => fs[name](...args, (error, count, buffer) => (error ? reject(error) : resolve({ [field]: count, buffer })))),
  });
}

// ---- promises

class FileHandle extends EventEmitter {
  #file;
  constructor(file) {
    super();
    this.#file = file;
  }
  get fd() {
    return this.#file;
  }
  async close() {
    if (this.#file < 0) return;
    const file = this.#file;
    this.#file = -1;
    sync.closeSync(file);
    this.emit('close');
  }
  async read(buffer, ...rest) {
    if (!ArrayBuffer.isView(buffer)) {
      const options = { ...buffer };
      options.buffer ??= Buffer.alloc(16384);
      return { bytesRead: sync.readSync(this.#file, options.buffer, options), buffer: options.buffer };
    }
    return { bytesRead: sync.readSync(this.#file, buffer, ...rest), buffer };
  }
  async write(data, ...rest) {
    return { bytesWritten: sync.writeSync(this.#file, data, ...rest), buffer: data };
  }
  async readFile(options) {
    return sync.readFileSync(this.#file, options);
  }
  async writeFile(data, options) {
    sync.writeFileSync(this.#file, data, options);
  }
  async appendFile(data, options) {
    sync.writeFileSync(this.#file, data, options);
  }
  async stat(options) {
    return sync.fstatSync(this.#file, options);
  }
  async truncate(length) {
    sync.ftruncateSync(this.#file, length);
  }
  async utimes(atime, mtime) {
    sync.futimesSync(this.#file, atime, mtime);
  }
  async sync() {}
  async datasync() {}
  async chmod() {}
  async chown() {}
  createReadStream(options) {
    return new ReadStream(undefined, { ...options, fd: this.#file, autoClose: false });
  }
  createWriteStream(options) {
    return new WriteStream(undefined, { ...options, fd: this.#file, autoClose: false });
  }
  async *readLines(options) {
    const text = await this.readFile({ encoding: 'utf8', ...options });
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    yield* lines;
  }
  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }
}

const promises = { constants };
for (const name of NAMES) {
  if (name.startsWith('f') || name === 'close') continue;
  const work = sync[`${name}Sync`];
  promises[name] = async (...args) => {
    args[1]?.signal?.throwIfAborted?.();
    args[2]?.signal?.throwIfAborted?.();
    if (args[0] instanceof FileHandle) args[0] = args[0].fd;
    return work(...args);
  };
}
promises.open = async (path, flags, mode) => new FileHandle(sync.openSync(path, flags, mode));
promises.opendir = async (path) => new Dir(path);
promises.watch = async function* watch() {
  throw argument('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'fs.watch is not available in this sandbox', Error);
};
promises.glob = async function* glob(pattern, options) {
  yield* sync.readdirSync(options?.cwd ?? '.', { recursive: true }).filter(globFilter(pattern));
};
fs.globSync = (pattern, options) => sync.readdirSync(options?.cwd ?? '.', { recursive: true }).filter(globFilter(pattern));
fs.promises = promises;

// `*`, `**`, `?` and `{a,b}`.
function globFilter(pattern) {
  const source = [].concat(pattern).map((one) => one
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?|\{|\}|,/g, (mark) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]', '{': '(?:', '}': ')', ',': '|' })[mark]));
  const expression = new RegExp(`^(?:${source.join('|')})$`);
  return (name) => expression.test(name);
}

class Dir {
  #entries;
  constructor(path) {
    this.path = pathOf(path);
    this.#entries = sync.readdirSync(path, { withFileTypes: true });
  }
  async read() {
    return this.readSync();
  }
  readSync() {
    return this.#entries.shift() ?? null;
  }
  async close() {}
  closeSync() {}
  async *[Symbol.asyncIterator]() {
    for (const entry of this.#entries) yield entry;
  }
}
fs.Dir = Dir;
fs.opendirSync = (path) => new Dir(path);
fs.opendir = withCallback((path) => new Dir(path));

// ---- streams

class ReadStream extends stream.Readable {
  constructor(path, options = {}) {
    if (typeof options === 'string') options = { encoding: options };
    super({ highWaterMark: options.highWaterMark ?? 65536, encoding: options.encoding, emitClose: options.emitClose ?? true, autoDestroy: options.autoClose ?? true, signal: options.signal });
    this.path = path === undefined ? undefined : pathOf(path);
    this.fd = options.fd === undefined ? null : (options.fd.fd ?? options.fd);
    this.bytesRead = 0;
    this.pos = options.start;
    this.end = options.end ?? Infinity;
    this.flags = options.flags ?? 'r';
    this.autoClose = options.autoClose ?? true;
  }
  _construct(done) {
    try {
      this.fd ??= sync.openSync(this.path, this.flags);
    } catch (error) {
      done(error);
      return;
    }
    done();
    process.nextTick(() => {
      this.emit('open', this.fd);
      this.emit('ready');
    });
  }
  _read(size) {
    const left = this.end - (this.pos ?? this.bytesRead) + 1;
    const bytes = Buffer.alloc(Math.max(0, Math.min(size, left)));
    let got;
    try {
      got = bytes.length === 0 ? 0 : sync.readSync(this.fd, bytes, 0, bytes.length, this.pos ?? null);
    } catch (error) {
      this.destroy(error);
      return;
    }
    this.bytesRead += got;
    if (this.pos !== undefined) this.pos += got;
    this.push(got === 0 ? null : bytes.subarray(0, got));
  }
  _destroy(error, done) {
    done(closing(this) ?? error);
  }
  close(done) {
    if (done) this.once('close', done);
    this.destroy();
  }
}

class WriteStream extends stream.Writable {
  constructor(path, options = {}) {
    if (typeof options === 'string') options = { encoding: options };
    super({ highWaterMark: options.highWaterMark ?? 65536, decodeStrings: true, defaultEncoding: options.encoding, emitClose: options.emitClose ?? true, autoDestroy: options.autoClose ?? true, signal: options.signal });
    this.path = path === undefined ? undefined : pathOf(path);
    this.fd = options.fd === undefined ? null : (options.fd.fd ?? options.fd);
    this.bytesWritten = 0;
    this.pos = options.start;
    this.flags = options.flags ?? (options.start === undefined ? 'w' : 'r+');
    this.autoClose = options.autoClose ?? true;
  }
  _construct(done) {
    try {
      this.fd ??= sync.openSync(this.path, this.flags);
    } catch (error) {
      done(error);
      return;
    }
    done();
    process.nextTick(() => {
      this.emit('open', this.fd);
      this.emit('ready');
    });
  }
  _write(chunk, encoding, done) {
    try {
      const bytes = bytesOf(chunk, encoding);
      sync.writeAll(this.fd, bytes, this.pos ?? null);
      this.bytesWritten += bytes.length;
      if (this.pos !== undefined) this.pos += bytes.length;
    } catch (error) {
      done(error);
      return;
    }
    done();
  }
  _destroy(error, done) {
    done(closing(this) ?? error);
  }
  close(done) {
    if (done) this.writableFinished ? process.nextTick(done) : this.once('close', done);
    this.end();
  }
}

function closing(file) {
  if (file.fd === null || !file.autoClose) return null;
  const { fd } = file;
  file.fd = null;
  try {
    sync.closeSync(fd);
    return null;
  } catch (error) {
    return error;
  }
}

Object.assign(fs, {
  FileHandle,
  FileReadStream: ReadStream,
  FileWriteStream: WriteStream,
  ReadStream,
  WriteStream,
  createReadStream: (path, options) => new ReadStream(path, options),
  createWriteStream: (path, options) => new WriteStream(path, options),
  openAsBlob: async (path, options) => new Blob([sync.readFileSync(path)], options),
  watch() {
    throw argument('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'fs.watch is not available in this sandbox', Error);
  },
  watchFile() {
    throw argument('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'fs.watchFile is not available in this sandbox', Error);
  },
  unwatchFile() {},
});

register('fs', () => fs);
register('fs/promises', () => promises);

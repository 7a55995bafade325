// What fs tells about a file.
const TYPES = { isFile: 0o100000, isDirectory: 0o040000, isSymbolicLink: 0o120000, isFIFO: 0o010000, isSocket: 0o140000, isBlockDevice: 0o060000, isCharacterDevice: 0o020000 };

export class Stats {
  constructor([mode, size, atime, mtime, ctime, ino, nlink, dev], big = false) {
    const number = big ? (value) => BigInt(Math.trunc(value)) : (value) => value;
    // WASI has no modes: what can be said is the type, and that it can be read and written.
    const type = mode & 0o170000;
    this.dev = number(dev);
    this.mode = number(type | (type === 0o040000 ? 0o755 : 0o644));
    this.nlink = number(nlink);
    this.uid = number(1000);
    this.gid = number(1000);
    this.rdev = number(0);
    this.blksize = number(4096);
    this.ino = number(ino);
    this.size = number(size);
    this.blocks = number(Math.ceil(size / 512));
    this.atimeMs = number(atime);
    this.mtimeMs = number(mtime);
    this.ctimeMs = number(ctime);
    this.birthtimeMs = number(ctime);
    if (big) {
      for (const name of ['atime', 'mtime', 'ctime']) this[`${name}Ns`] = this[`${name}Ms`] * 1_000_000n;
      this.birthtimeNs = this.ctimeNs;
    }
    this.atime = new Date(atime);
    this.mtime = new Date(mtime);
    this.ctime = new Date(ctime);
    this.birthtime = new Date(ctime);
  }
}
for (const [name, type] of Object.entries(TYPES)) {
  Object.defineProperty(Stats.prototype, name, {
    value() {
      return (Number(this.mode) & 0o170000) === type;
    },
    writable: true,
    configurable: true,
  });
}

const ENTRY_TYPES = { isFile: 1, isDirectory: 2, isSymbolicLink: 3 };

export class Dirent {
  #type;
  constructor(name, parentPath, type) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#type = type;
  }
  _is(type) {
    return this.#type === type;
  }
}
for (const name of Object.keys(TYPES)) {
  Object.defineProperty(Dirent.prototype, name, {
    value() {
      return this._is(ENTRY_TYPES[name]);
    },
    writable: true,
    configurable: true,
  });
}

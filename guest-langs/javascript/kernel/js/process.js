// process, as far as a sandbox has one.
import { EventEmitter } from 'events';
import native from './native.js';
import { hidden } from './primordials.js';
import { STDERR, STDOUT, write } from './streams.js';
import { fileError } from './node/file-errors.js';

const begun = native.now();

class Exit extends Error {
  constructor(code) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}
hidden(Exit.prototype, 'name', 'ExitError');

// A stream that writes at once. Enough of a Writable for those who print.
function output(kind, fd) {
  const stream = new EventEmitter();
  const write_ = (chunk, encoding, done) => {
    write(kind, chunk);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') process.nextTick(callback);
    return true;
  };
  return Object.assign(stream, {
    fd,
    isTTY: false,
    writable: true,
    columns: 80,
    rows: 24,
    write: write_,
    end(chunk, encoding, done) {
      if (typeof chunk !== 'function' && chunk !== undefined && chunk !== null) write_(chunk);
      const callback = [chunk, encoding, done].find((one) => typeof one === 'function');
      if (callback) process.nextTick(callback);
      return stream;
    },
    cork() {},
    uncork() {},
    destroy() {
      return stream;
    },
    getColorDepth: () => 1,
    hasColors: () => false,
    getWindowSize: () => [80, 24],
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
    clearScreenDown: () => true,
    _writableState: { ended: false },
  });
}

export const process = Object.assign(Object.create(EventEmitter.prototype), {
  title: 'node',
  version: 'v22.0.0',
  versions: { node: '22.0.0', quickjs: '0.18.0', sandcell: '1' },
  release: { name: 'node' },
  arch: 'wasm32',
  platform: 'linux',
  pid: 1,
  ppid: 0,
  execPath: '/usr/local/bin/node',
  execArgv: [],
  argv: ['/usr/local/bin/node'],
  argv0: 'node',
  env: {
    HOME: '/home/user',
    USER: 'user',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  },
  exitCode: undefined,
  features: {},
  config: { variables: {}, target_defaults: {} },
  stdout: output(STDOUT, 1),
  stderr: output(STDERR, 2),
  allowedNodeEnvironmentFlags: new Set(),
  cwd: () => native.folder(),
  chdir(folder) {
    try {
      native.changeFolder(`${folder}`);
    } catch (error) {
      throw fileError(error, 'chdir', folder);
    }
  },
  nextTick(callback, ...args) {
    queueMicrotask(() => callback(...args));
  },
  hrtime: Object.assign(
    (since) => {
      const now = native.nowNs();
      let seconds = Number(now / 1_000_000_000n);
      let rest = Number(now % 1_000_000_000n);
      if (since !== undefined) {
        seconds -= since[0];
        rest -= since[1];
        if (rest < 0) {
          seconds--;
          rest += 1_000_000_000;
        }
      }
      return [seconds, rest];
    },
    { bigint: () => native.nowNs() },
  ),
  uptime: () => (native.now() - begun) / 1000,
  memoryUsage: Object.assign(
    () => {
      const rss = native.memoryBytes();
      return { rss, heapTotal: rss, heapUsed: native.heapBytes(), external: 0, arrayBuffers: 0 };
    },
    { rss: () => native.memoryBytes() },
  ),
  cpuUsage: () => ({ user: Math.round(native.now() * 1000), system: 0 }),
  resourceUsage: () => ({ userCPUTime: Math.round(native.now() * 1000), systemCPUTime: 0, maxRSS: native.memoryBytes() / 1024 }),
  umask: () => 0o22,
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  getgroups: () => [1000],
  emitWarning(warning, kind, code) {
    const name = typeof kind === 'object' ? (kind?.type ?? 'Warning') : (kind ?? warning?.name ?? 'Warning');
    const text = warning instanceof Error ? warning.message : warning;
    write(STDERR, `(node) ${code ? `[${code}] ` : ''}${name === 'Error' ? 'Warning' : name}: ${text}\n`);
  },
  exit(code = process.exitCode ?? 0) {
    // A program ends at once, a cell by an exception.
    process._exitProgram?.(code);
    throw new Exit(code);
  },
  reallyExit(code) {
    throw new Exit(code);
  },
  abort() {
    throw new Exit(134);
  },
  binding(name) {
    throw new Error(`No such module: ${name}`);
  },
  getBuiltinModule: undefined,
});
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });
EventEmitter.call(process);

// process.exit ends a cell. Status 0 is no error.
export function exitCodeOf(error) {
  return error instanceof Exit ? Number(error.code) || 0 : undefined;
}

export default process;

// child_process: programs of the sandbox, over the host's calls.
import { Buffer } from 'buffer';
import { EventEmitter } from 'events';
import { promisify } from 'util';
import { waitForChild } from '../loop.js';
import { register } from '../modules/builtins.js';
import native from '../native.js';
import { process } from '../process.js';
import { close, reader, writer } from './pipes.js';

const NOTHING = 0xffffffff;
const OWN_GROUP = 1;
const MAX_BUFFER = 1024 * 1024;
const READ_BYTES = 65536;
const WRITE_BYTES = 4096;

// Failures of the host's calls, by preview 1's numbers: Node's names and numbers.
const FAILURES = {
  1: ['E2BIG', 7],
  2: ['EACCES', 13],
  6: ['EAGAIN', 11],
  8: ['EBADF', 9],
  28: ['EINVAL', 22],
  44: ['ENOENT', 2],
  48: ['ENOMEM', 12],
  54: ['ENOTDIR', 20],
  58: ['ENOTSUP', 95],
};

const SIGNALS = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10,
  SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGWINCH: 28,
};
const NAMES = Object.fromEntries(Object.entries(SIGNALS).map(([name, number]) => [number, name]));

export function signalNumber(signal = 'SIGTERM') {
  if (typeof signal === 'number') return signal;
  const number = SIGNALS[signal];
  if (number === undefined) throw Object.assign(new TypeError(`Unknown signal: ${signal}`), { code: 'ERR_UNKNOWN_SIGNAL' });
  return number;
}

const ending = (status) => (status & 0x7f ? [null, NAMES[status & 0x7f]] : [status >> 8, null]);

function failure(number, file, args) {
  const [code, errno] = FAILURES[number] ?? ['EIO', 5];
  const error = new Error(`spawn ${file} ${code}`);
  return Object.assign(error, { errno: -errno, code, syscall: `spawn ${file}`, path: file, spawnargs: args });
}

// The order for the host: see docs/guest-abi.md, "Processes".
function errand(file, argv, options, descriptors) {
  const env = Object.entries(options.env ?? process.env).filter(([, value]) => value !== undefined);
  const folder = options.cwd === undefined ? native.folder() : `${options.cwd?.pathname ?? options.cwd}`;
  const cwd = folder.startsWith('/') ? folder : `${native.folder()}/${folder}`;
  const texts = [file, cwd, ...argv, ...env.map(([name, value]) => `${name}=${value}`)];
  for (const text of texts) {
    if (`${text}`.includes('\0')) throw Object.assign(new TypeError('an argument has a null byte'), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  const head = new Uint32Array([argv.length, env.length, descriptors.length, options.detached ? OWN_GROUP : 0, ...descriptors.flat()]);
  const body = Buffer.from(`${texts.join('\0')}\0`);
  return new Uint8Array(Buffer.concat([Buffer.from(head.buffer), body]));
}

// What stands under 0, 1 and 2 of a child: pairs for the errand, our ends of pipes, ends to close after the start.
function streams(stdio, normal) {
  const list = typeof stdio === 'string' ? [stdio, stdio, stdio] : [...(stdio ?? [])];
  const pairs = [];
  const ours = [null, null, null];
  const theirs = [];
  for (let number = 0; number < Math.max(3, list.length); number++) {
    let wanted = list[number] ?? (number < 3 ? normal : 'ignore');
    if (wanted === 'overlapped') wanted = 'pipe';
    if (typeof wanted === 'object' && wanted !== null) wanted = wanted.fd ?? number;
    if (wanted === 'inherit') pairs.push([number, number]);
    else if (wanted === 'ignore') pairs.push([number, NOTHING]);
    else if (typeof wanted === 'number') pairs.push([number, wanted]);
    else if (wanted === 'pipe') {
      const [read, write] = native.pipe();
      const theirEnd = number === 0 ? read : write;
      ours[number] = number === 0 ? write : read;
      pairs.push([number, theirEnd]);
      theirs.push(theirEnd);
    } else throw Object.assign(new TypeError(`The argument 'stdio' is invalid. Received '${wanted}'`), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  return { pairs, ours, theirs };
}

// file, arguments and options of a call, as a shell line if that is wanted.
function normalize(file, args, options) {
  if (!Array.isArray(args)) [args, options] = [[], args];
  options = { ...options };
  if (options.shell) {
    const line = [file, ...args].join(' ');
    const shell = typeof options.shell === 'string' ? options.shell : '/bin/sh';
    return { file: shell, argv: [shell, '-c', line], options };
  }
  return { file: `${file}`, argv: [options.argv0 ?? file, ...args].map(String), options };
}

function begin(file, argv, options, normal) {
  const { pairs, ours, theirs } = streams(options.stdio, normal);
  const pid = native.spawn(errand(file, argv, options, pairs));
  for (const end of theirs) close(end);
  if (pid < 0) for (const end of ours) if (end !== null) close(end);
  return { pid, ours };
}

class ChildProcess extends EventEmitter {
  constructor() {
    super();
    Object.assign(this, { exitCode: null, signalCode: null, killed: false, connected: false });
  }
  kill(signal) {
    if (this.pid === undefined || this.exitCode !== null || this.signalCode !== null) return false;
    const told = native.kill(this.pid, signalNumber(signal)) === 0;
    this.killed ||= told;
    return told;
  }
  ref() {}
  unref() {}
  disconnect() {}
  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.kill();
  }
}

export function spawn(command, args, options) {
  const { file, argv, options: settings } = normalize(command, args, options);
  const child = new ChildProcess();
  child.spawnfile = file;
  child.spawnargs = argv;
  const { pid, ours } = begin(file, argv, settings, 'pipe');
  if (pid < 0) {
    child.stdin = child.stdout = child.stderr = null;
    child.stdio = [null, null, null];
    process.nextTick(() => {
      child.emit('error', failure(-pid, file, argv.slice(1)));
      child.emit('close', -2, null);
    });
    return child;
  }
  child.pid = pid;
  child.stdin = ours[0] === null ? null : writer(ours[0]);
  child.stdout = ours[1] === null ? null : reader(ours[1]);
  child.stderr = ours[2] === null ? null : reader(ours[2]);
  child.stdio = [child.stdin, child.stdout, child.stderr];
  // What nobody answers for: a child that does not read its input ends the stream, not the program.
  child.stdin?.on('error', () => {});
  follow(child, settings);
  process.nextTick(() => child.emit('spawn'));
  return child;
}

function follow(child, options) {
  let open = 1;
  const over = () => {
    if (--open === 0) child.emit('close', child.exitCode, child.signalCode);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    open++;
    stream.once('close', over);
    if (options.encoding && options.encoding !== 'buffer') stream.setEncoding(options.encoding);
  }
  const timer = options.timeout > 0 ? setTimeout(() => child.kill(options.killSignal), options.timeout) : undefined;
  options.signal?.addEventListener('abort', () => {
    if (child.kill(options.killSignal)) {
      child.emit('error', Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }));
    }
  });
  waitForChild(child.pid, (status) => {
    clearTimeout(timer);
    [child.exitCode, child.signalCode] = ending(status);
    child.emit('exit', child.exitCode, child.signalCode);
    // What nobody reads is read to its end, so that there is a 'close'.
    process.nextTick(() => {
      for (const stream of [child.stdout, child.stderr]) if (stream?.readable) stream.resume();
    });
    over();
  });
}

function execFile(file, args, options, done) {
  if (!Array.isArray(args)) [args, options, done] = [[], args, options];
  if (typeof options === 'function') [options, done] = [{}, options];
  const settings = { maxBuffer: MAX_BUFFER, ...options, encoding: null };
  const encoding = options?.encoding === undefined ? 'utf8' : options.encoding;
  const child = spawn(file, args, settings);
  const parts = [[], []];
  const sizes = [0, 0];
  let fault = null;
  [child.stdout, child.stderr].forEach((stream, at) => {
    stream?.on('data', (chunk) => {
      const room = settings.maxBuffer - sizes[at];
      sizes[at] += chunk.length;
      parts[at].push(chunk.length > room ? chunk.subarray(0, Math.max(0, room)) : chunk);
      if (chunk.length > room && fault === null) {
        fault = Object.assign(new RangeError(`${at === 0 ? 'stdout' : 'stderr'} maxBuffer length exceeded`), { code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' });
        child.kill(settings.killSignal);
      }
    });
  });
  child.once('error', (error) => (fault ??= error));
  child.once('close', (code, signal) => {
    const [stdout, stderr] = parts.map((part) => {
      const all = Buffer.concat(part);
      return encoding === null || encoding === 'buffer' ? all : all.toString(encoding);
    });
    const cmd = child.spawnargs.slice(settings.shell ? 2 : 0).join(' ');
    if (fault === null && (code !== 0 || signal !== null)) {
      fault = new Error(`Command failed: ${cmd}\n${stderr}`);
      Object.assign(fault, { code, killed: child.killed, signal });
    }
    if (fault !== null) Object.assign(fault, { cmd, stdout, stderr });
    done?.(fault, stdout, stderr);
  });
  return child;
}

const exec = (command, options, done) => (typeof options === 'function' ? exec(command, {}, options) : execFile(command, [], { ...options, shell: options?.shell ?? true }, done));

for (const function_ of [exec, execFile]) {
  Object.defineProperty(function_, promisify.custom, {
    value: (...args) => {
      let child;
      const promise = new Promise((resolve, reject) => {
        child = function_(...args, (error, stdout, stderr) => (error ? reject(error) : resolve({ stdout, stderr })));
      });
      return Object.assign(promise, { child });
    },
  });
}

function spawnSync(command, args, options) {
  const { file, argv, options: settings } = normalize(command, args, options);
  const { pid, ours } = begin(file, argv, settings, 'pipe');
  const encoded = (bytes) => (settings.encoding && settings.encoding !== 'buffer' ? bytes.toString(settings.encoding) : bytes);
  if (pid < 0) {
    return { pid: 0, error: failure(-pid, file, argv.slice(1)), status: null, signal: null, output: null, stdout: null, stderr: null };
  }
  const limit = settings.maxBuffer ?? MAX_BUFFER;
  const until = settings.timeout > 0 ? native.now() + settings.timeout : Infinity;
  let input = settings.input === undefined ? Buffer.alloc(0) : Buffer.from(settings.input);
  let [stdin] = ours;
  const parts = { [ours[1]]: [], [ours[2]]: [] };
  const sizes = { [ours[1]]: 0, [ours[2]]: 0 };
  const open = ours.slice(1).filter((end) => end !== null);
  let error;
  const stop = (code, text) => {
    native.kill(pid, signalNumber(settings.killSignal));
    error ??= Object.assign(new Error(`spawnSync ${file} ${text}`), { code: text, errno: code, syscall: `spawnSync ${file}`, path: file, spawnargs: argv.slice(1) });
  };
  const end = () => {
    if (stdin !== null) close(stdin);
    stdin = null;
  };
  if (input.length === 0) end();
  while (open.length > 0 || stdin !== null) {
    const left = until - native.now();
    if (left <= 0) {
      stop(-110, 'ETIMEDOUT');
      break;
    }
    for (const fd of native.ready(open, stdin === null ? [] : [stdin], left === Infinity ? -1 : left)) {
      if (fd === stdin) {
        try {
          input = input.subarray(native.write(fd, input, 0, Math.min(input.length, WRITE_BYTES), -1));
        } catch {
          input = Buffer.alloc(0);
        }
        if (input.length === 0) end();
        continue;
      }
      const bytes = Buffer.alloc(READ_BYTES);
      const count = native.read(fd, bytes, 0, READ_BYTES, -1);
      if (count === 0) {
        open.splice(open.indexOf(fd), 1);
        close(fd);
        continue;
      }
      const room = Math.max(0, limit - sizes[fd]);
      sizes[fd] += count;
      parts[fd].push(bytes.subarray(0, Math.min(count, room)));
      if (count > room) stop(-105, 'ENOBUFS');
    }
  }
  end();
  for (const fd of open) close(fd);
  let status = native.waitChild(pid, until === Infinity ? -1 : Math.max(0, until - native.now()));
  if (status === -1) {
    stop(-110, 'ETIMEDOUT');
    status = native.waitChild(pid, 1000);
    if (status === -1) {
      native.kill(pid, 9);
      status = native.waitChild(pid, -1);
    }
  }
  const [code, signal] = ending(status);
  const [stdout, stderr] = [1, 2].map((at) => (ours[at] === null ? null : encoded(Buffer.concat(parts[ours[at]]))));
  const result = { pid, status: code, signal, output: [null, stdout, stderr], stdout, stderr };
  return error === undefined ? result : { ...result, error };
}

function execFileSync(file, args, options) {
  if (!Array.isArray(args)) [args, options] = [[], args];
  const stdio = options?.stdio ?? ['pipe', 'pipe', 'inherit'];
  const result = spawnSync(file, args, { ...options, stdio });
  if (result.error) throw Object.assign(result.error, result, { error: undefined });
  if (result.status !== 0) {
    const cmd = options?.shell ? [file, ...args].join(' ') : [file, ...args].join(' ');
    throw Object.assign(new Error(`Command failed: ${cmd}\n${result.stderr ?? ''}`), result);
  }
  return result.stdout;
}

const execSync = (command, options) => execFileSync(command, [], { ...options, shell: options?.shell ?? true });

function fork() {
  throw Object.assign(new Error('child_process.fork is not available in this sandbox: start `node` with spawn'), {
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  });
}

register('child_process', () => ({ ChildProcess, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync }));

process.kill = (pid, signal) => {
  const answer = native.kill(pid, signal === 0 ? 0 : signalNumber(signal));
  if (answer === 0) return true;
  const code = answer === -71 ? 'ESRCH' : answer === -28 ? 'EINVAL' : 'EPERM';
  throw Object.assign(new Error(`kill ${code}`), { code, syscall: 'kill', errno: { ESRCH: -3, EINVAL: -22, EPERM: -1 }[code] });
};

// os: a small machine.
import native from '../native.js';
import { process } from '../process.js';
import { errorTexts } from './file-errors.js';

const signals = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGFPE: 8, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 };
const errno = Object.fromEntries(Object.keys(errorTexts).map((name) => [name, errorTexts[name][0]]));

export const os = {
  EOL: '\n',
  devNull: '/dev/null',
  arch: () => process.arch,
  availableParallelism: () => 1,
  constants: { signals, errno, priority: {}, dlopen: {}, UV_UDP_REUSEADDR: 4 },
  cpus: () => [{ model: 'WebAssembly', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  endianness: () => 'LE',
  freemem: () => Math.max(0, 2 ** 32 - native.memoryBytes()),
  getPriority: () => 0,
  homedir: () => process.env.HOME ?? '/home/user',
  hostname: () => 'sandcell',
  loadavg: () => [0, 0, 0],
  machine: () => 'wasm32',
  networkInterfaces: () => ({}),
  platform: () => 'linux',
  release: () => '6.1.0',
  setPriority() {},
  tmpdir: () => process.env.TMPDIR ?? '/tmp',
  totalmem: () => 2 ** 32,
  type: () => 'Linux',
  uptime: () => native.now() / 1000,
  userInfo: () => ({ uid: 1000, gid: 1000, username: 'user', homedir: '/home/user', shell: '/bin/sh' }),
  version: () => 'Sandcell',
};

// console, as in Node.
import { print as innerPrint, printed } from './inner.js';
import native from './native.js';
import { mapDelete, mapGet, mapSet } from './primordials.js';
import { STDERR, STDOUT } from './streams.js';

let indentation = '';
const counts = new Map();
const timers = new Map();

function print(kind, args) {
  innerPrint(kind, args, indentation);
}

function elapsed(label, what, rest) {
  const begun = mapGet(timers, label);
  if (begun === undefined) {
    warn(`Warning: No such label '${label}' for ${what}`);
    return;
  }
  const ms = native.now() - begun;
  const text = ms >= 60_000 ? `${(ms / 60_000).toFixed(3)}m` : ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
  log(`${label}: ${text}`, ...rest);
}

function log(...args) {
  print(STDOUT, args);
}

function warn(...args) {
  print(STDERR, args);
}

export const console = {
  log,
  warn,
  dir(value, options) {
    print(STDOUT, [printed('dir', value, options)]);
  },
  dirxml: log,
  error: warn,
  info: log,
  debug: log,
  trace(...args) {
    const error = { name: 'Trace', message: printed('text', args) };
    Error.captureStackTrace(error, console.trace);
    warn(error.stack);
  },
  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args = ['Assertion failed', ...args];
    print(STDERR, args);
  },
  clear() {
    native.emit(6, '{"wait":false}');
  },
  count(label = 'default') {
    label = `${label}`;
    const count = (mapGet(counts, label) ?? 0) + 1;
    mapSet(counts, label, count);
    log(`${label}: ${count}`);
  },
  countReset(label = 'default') {
    mapDelete(counts, `${label}`);
  },
  group(...args) {
    if (args.length > 0) print(STDOUT, args);
    indentation += '  ';
  },
  groupEnd() {
    indentation = indentation.slice(2);
  },
  table(data, columns) {
    if (data === null || typeof data !== 'object') log(data);
    else log(printed('table', data, columns));
  },
  time(label = 'default') {
    mapSet(timers, `${label}`, native.now());
  },
  timeEnd(label = 'default') {
    elapsed(`${label}`, 'console.timeEnd()', []);
    mapDelete(timers, `${label}`);
  },
  timeLog(label = 'default', ...rest) {
    elapsed(`${label}`, 'console.timeLog()', rest);
  },
  timeStamp() {},
  profile() {},
  profileEnd() {},
};
console.groupCollapsed = console.group;
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });

// A cell ends with its groups closed.
export function closeGroups() {
  indentation = '';
}

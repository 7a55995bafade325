// console, as in Node.
import { formatWithOptions, inspect } from './inspect.js';
import native from './native.js';
import { replace } from './primordials.js';
import { STDERR, STDOUT, write } from './streams.js';
import { table } from './table.js';

let indentation = '';
const counts = new Map();
const timers = new Map();

function print(kind, args) {
  let text = args.length === 1 && typeof args[0] === 'string' ? args[0] : formatWithOptions({}, ...args);
  if (indentation !== '') text = indentation + replace(text, /\n/g, `\n${indentation}`);
  write(kind, `${text}\n`);
}

function elapsed(label, what, rest) {
  const begun = timers.get(label);
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
    print(STDOUT, [inspect(value, { customInspect: false, ...options })]);
  },
  dirxml: log,
  error: warn,
  info: log,
  debug: log,
  trace(...args) {
    const error = { name: 'Trace', message: formatWithOptions({}, ...args) };
    Error.captureStackTrace(error, console.trace);
    warn(error.stack);
  },
  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift('Assertion failed');
    warn(...args);
  },
  clear() {
    native.emit(6, '{"wait":false}');
  },
  count(label = 'default') {
    label = `${label}`;
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    log(`${label}: ${count}`);
  },
  countReset(label = 'default') {
    counts.delete(`${label}`);
  },
  group(...args) {
    if (args.length > 0) log(...args);
    indentation += '  ';
  },
  groupEnd() {
    indentation = indentation.slice(2);
  },
  table(data, columns) {
    if (data === null || typeof data !== 'object') log(data);
    else log(table(data, columns));
  },
  time(label = 'default') {
    timers.set(`${label}`, native.now());
  },
  timeEnd(label = 'default') {
    elapsed(`${label}`, 'console.timeEnd()', []);
    timers.delete(`${label}`);
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

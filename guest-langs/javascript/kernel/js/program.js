// Running as a program, as the command `node` does: a file, -e, -p or standard input.
import { inspect } from './inspect.js';
import native from './native.js';
import { describe } from './inner.js';
import { hidden } from './primordials.js';
import { loadMain } from './modules/require.js';
import { kindOf, sourceOf } from './modules/source.js';
import { resolve } from './modules/resolve.js';
import { process } from './process.js';
import { STDERR, STDOUT, write } from './streams.js';
import { readFileSync } from './node/fs-sync.js';
import { reader } from './node/pipes.js';

const CELL = 0;
const EXECUTABLE = '/usr/bin/node';

let running = false;
let printing = false;

export const isProgram = () => running;

// What the arguments ask for: {source, fileName, kind, silent}.
export function program(args, environment) {
  running = true;
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const text of environment) {
    const at = text.indexOf('=');
    if (at > 0) process.env[text.slice(0, at)] = text.slice(at + 1);
  }
  try {
    native.changeFolder(process.env.PWD ?? '/');
  } catch {
    native.changeFolder('/');
  }
  delete globalThis.display;
  delete globalThis.$$;
  [process.pid, process.ppid] = native.process();
  process.execPath = EXECUTABLE;
  hidden(process, '_exitProgram', exitProgram);
  process.argv0 = args[0] ?? 'node';
  let stdin;
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    enumerable: true,
    get: () => (stdin ??= Object.assign(reader(0), { fd: 0 })),
  });
  return plan(args.slice(1));
}

function plan(words) {
  let code;
  while (words.length > 0 && words[0].startsWith('-') && words[0] !== '-') {
    const word = words.shift();
    if (word === '--') break;
    if (word === '-v' || word === '--version') return said(`${process.version}\n`);
    if (word === '-h' || word === '--help') return said('Usage: node [options] [ script.js | -e code | - ] [arguments]\n');
    const [name, value] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    if (['-e', '--eval', '-p', '--print', '-pe'].includes(name)) {
      printing ||= name !== '-e' && name !== '--eval';
      code = value ?? words.shift();
      if (code === undefined) return refused(`${args0()}: ${name} requires an argument`);
    } else if (['-r', '--require', '--import', '-C', '--conditions', '--env-file', '--input-type'].includes(name)) {
      if (value === undefined) words.shift();
    } else if (!/^--(no-|experimental-|enable-|disable-|max-|stack-|trace-|unhandled-|preserve-|watch|inspect|title)/.test(name) && !['-i', '--interactive', '-c', '--check', '--test'].includes(name)) {
      return refused(`${args0()}: bad option: ${word}`);
    }
  }
  if (code !== undefined) {
    process.argv = [EXECUTABLE, ...words];
    return { source: code, fileName: '[eval]', kind: CELL, silent: !printing };
  }
  if (words.length === 0 || words[0] === '-') {
    process.argv = [EXECUTABLE, ...words];
    return { source: readFileSync(0, 'utf8'), fileName: '[stdin]', kind: CELL, silent: true };
  }
  return planFile(words);
}

const args0 = () => process.argv0;

function planFile([name, ...rest]) {
  const start = native.folder();
  const path = resolve(`${start}/main`, name.startsWith('/') ? name : `./${name}`, false);
  process.argv = [EXECUTABLE, path, ...rest];
  const kind = kindOf(path, () => sourceOf(path));
  if (kind !== 'esm') {
    hidden(globalThis, '__runMain', () => {
      delete globalThis.__runMain;
      loadMain(path);
    });
  }
  const source = kind === 'esm' ? `await import(${JSON.stringify(path)})` : '__runMain()';
  return { source, fileName: '[main]', kind: CELL, silent: true };
}

function said(text) {
  write(STDOUT, text);
  return { source: '', fileName: '[main]', kind: CELL, silent: true };
}

function refused(text) {
  write(STDERR, `${text}\n`);
  native.exit(9);
}

// The value of -p.
export function printValue(value) {
  if (printing) write(STDOUT, `${typeof value === 'string' ? value : inspect(value)}\n`);
}

// An error that nobody caught.
export function uncaught(error, name, source) {
  if (process.listenerCount('uncaughtException') > 0) {
    process.emit('uncaughtException', error, 'uncaughtException');
    return true;
  }
  write(STDERR, `${describe(error, name, source).traceback}\n\nNode.js ${process.version}\n`);
  return false;
}

// The end: the exit status.
export function finish(status) {
  if (status === 0) process.emit('beforeExit', process.exitCode ?? 0);
  const code = status === 0 ? Number(process.exitCode ?? 0) : status;
  process.emit('exit', code);
  return status === 0 ? Number(process.exitCode ?? 0) : status;
}

// process.exit of a program.
export function exitProgram(code) {
  const status = Number(code ?? process.exitCode ?? 0) || 0;
  process.exitCode = status;
  process.emit('exit', status);
  native.exit(Number(process.exitCode ?? status));
}

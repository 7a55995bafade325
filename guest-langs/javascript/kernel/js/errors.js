// How errors are told: the error frame of a cell that ended by one.
import { inspect } from './inspect.js';
import native from './native.js';
import { endsWith, getOwnPropertyDescriptor, getPrototypeOf, indexOf, join, push, slice, split, stringify } from './primordials.js';

const ERROR = 7;
const OWN = 'node:internal/';

// A property of an error without running code of the user's, where that can be.
function plain(error, key) {
  for (let object = error; object !== null && native.proxy(object) === undefined; object = getPrototypeOf(object)) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    return typeof descriptor.value === 'string' ? descriptor.value : undefined;
  }
  return undefined;
}

// A stack without the kernel's own frames, in Node's words.
export function tidy(text) {
  const lines = [];
  for (const line of split(text, '\n')) {
    if (indexOf(line, '    at ') >= 0 && indexOf(line, OWN) >= 0) continue;
    // How timers are called.
    if (line === '    at apply (native)') continue;
    let told = line;
    if (indexOf(told, '    at <eval> (') >= 0 && endsWith(told, ')')) {
      const start = indexOf(told, '<eval> (');
      told = slice(told, 0, start) + slice(told, start + 8, told.length - 1);
    }
    push(lines, told);
  }
  return join(lines, '\n');
}

// The line that a syntax error is about, with a mark under its place.
function excerpt(error, cellName, source) {
  const stack = native.isError(error) ? error.stack : undefined;
  if (typeof stack !== 'string' || source === undefined) return '';
  const mark = `    at ${cellName}:`;
  const at = indexOf(stack, mark);
  if (at < 0) return '';
  const [line, column] = split(split(slice(stack, at + mark.length), '\n')[0], ':');
  const text = split(source, '\n')[line - 1];
  if (text === undefined || text.length > 500) return '';
  let spaces = '';
  for (let i = 1; i < column; i++) spaces += text[i - 1] === '\t' ? '\t' : ' ';
  return `${cellName}:${line}\n${text}\n${spaces}^\n\n`;
}

// A name, a message and a text of anything that was thrown.
export function describe(error, cellName, source) {
  if (!native.isError(error) && !(error instanceof Error)) {
    const text = inspect(error);
    return { name: 'Error', value: text, traceback: `Uncaught ${text}` };
  }
  const name = plain(error, 'name') ?? 'Error';
  const value = plain(error, 'message') ?? '';
  let text;
  try {
    text = tidy(inspect(error));
  } catch {
    text = `${name}: ${value}`;
  }
  const before = name === 'SyntaxError' ? excerpt(error, cellName, source) : '';
  return { name, value, traceback: before + text };
}

export function report(error, cellName, source) {
  native.emit(ERROR, stringify(describe(error, cellName, source)));
}

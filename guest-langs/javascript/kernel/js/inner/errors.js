// How errors are told: the error frame of a cell that ended by one.
import { inspect } from '../inspect.js';
import native from '../native.js';
import { outer } from './outer.js';
import { getOwnPropertyDescriptor, getPrototypeOf, indexOf, isPrototypeOf, slice, split, stringify } from '../primordials.js';

const ERROR = 7;
const DOMEXCEPTION = outer.DOMException.prototype;
const ERRORS = outer.Error.prototype;

// A property of an error without running code of the user's, where that can be.
function plain(error, key) {
  for (let object = error; object !== null && native.proxy(object) === undefined; object = getPrototypeOf(object)) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    if (object === DOMEXCEPTION) return error[key];
    return typeof descriptor.value === 'string' ? descriptor.value : undefined;
  }
  return undefined;
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

// The text of what was thrown; its own way of showing itself may be broken.
function shown(error) {
  try {
    return inspect(error);
  } catch {
    return inspect(error, { customInspect: false, depth: 0 });
  }
}

// A name, a message and a text of anything that was thrown.
export function describe(error, cellName, source) {
  if (!native.isError(error) && (native.proxy(error) !== undefined || !isPrototypeOf(ERRORS, error))) {
    const text = shown(error);
    return { name: 'Error', value: text, traceback: `Uncaught ${text}` };
  }
  const name = plain(error, 'name') ?? 'Error';
  const value = plain(error, 'message') ?? '';
  let text;
  try {
    text = inspect(error);
  } catch {
    text = `${name}: ${value}`;
  }
  const before = name === 'SyntaxError' ? excerpt(error, cellName, source) : '';
  return { name, value, traceback: before + text };
}

export function report(error, cellName, source) {
  native.emit(ERROR, stringify(describe(error, cellName, source)));
}

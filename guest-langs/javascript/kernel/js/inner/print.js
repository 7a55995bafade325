// What console prints.
import { formatWithOptions, inspect } from '../inspect.js';
import native from '../native.js';
import { apply, replace } from '../primordials.js';
import { table } from './table.js';

// The text of the arguments of a call, as printf and Node have it. `args` is an array of a cell's, and need not be
// looped over.
function formatted(args) {
  if (args.length === 1 && typeof args[0] === 'string') return args[0];
  const all = [{}];
  for (let at = 0; at < args.length; at++) all[at + 1] = args[at];
  return apply(formatWithOptions, undefined, all);
}

// Prints the arguments to a stream, each line behind the indentation.
export function print(kind, args, indentation) {
  let text = formatted(args);
  if (indentation !== '') text = indentation + replace(text, /\n/g, `\n${indentation}`);
  native.emit(kind, `${text}\n`);
}

const WAYS = {
  __proto__: null,
  dir: (value, options) => inspect(value, { customInspect: false, ...options }),
  table,
  text: (args) => formatted(args),
};

// The text of a value in one of the ways above.
export function printed(way, value, more) {
  return WAYS[way](value, more);
}

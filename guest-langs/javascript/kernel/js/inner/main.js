// The inner script: what shows values, tells errors and rewrites sources. It runs in a realm of its own, whose
// prototypes no cell can reach, so that a cell that spoils its own harms nothing here.
// What the packages look for while they are loaded.
import '../web/atomics.js';
import { display, show } from './display.js';
import { describe, report } from './errors.js';
import { inspect } from '../inspect.js';
import native from '../native.js';
import { outer } from './outer.js';
import { print, printed } from './print.js';
import { getPrototypeOf, mapGet, setPrototypeOf } from '../primordials.js';
import { isModule, rewrite, stripTypes } from './rewrite.js';

// Options that a cell may set (`util.inspect.defaultOptions`) look like its own objects.
export const { defaults } = native;
setPrototypeOf(defaults, outer.Object.prototype);
void inspect;

const prototypes = new Map();
for (const name of ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'AggregateError', 'InternalError']) {
  if (globalThis[name] !== undefined) prototypes.set(globalThis[name].prototype, outer[name].prototype);
}

// An error that was made here becomes one of the cells' own; all other things that are thrown stay as they are.
export function translated(error) {
  if (native.isError(error)) {
    const prototype = mapGet(prototypes, getPrototypeOf(error));
    if (prototype !== undefined) setPrototypeOf(error, prototype);
  }
  return error;
}

// What custom inspection is given as its third argument.
export function setInspect(made) {
  native.inspect = made;
}

export { describe, display, isModule, print, printed, report, rewrite, show, stripTypes };

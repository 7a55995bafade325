// The inner script (inner/main.js), as the outer one calls it: what it throws looks like the cells' own errors.
/* global __inner */
import { apply } from './primordials.js';

function shielded(name) {
  const inner = __inner[name];
  return (...args) => {
    try {
      return apply(inner, undefined, args);
    } catch (error) {
      throw __inner.translated(error);
    }
  };
}

export const describe = shielded('describe');
export const display = shielded('display');
export const isModule = shielded('isModule');
export const print = shielded('print');
export const printed = shielded('printed');
export const stripTypes = shielded('stripTypes');

// Hooks that C calls: what they throw is told, not caught.
export const { report, rewrite, setInspect, show } = __inner;

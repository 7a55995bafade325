// util: the package, with Node's inspection and what came since.
import npmUtil from 'util';
import comparisons from 'assert/build/internal/util/comparisons.js';
import { format, formatWithOptions, inspect, stripVTControlCharacters } from '../inspect.js';
import { errorTexts } from './file-errors.js';
import { parseArgs } from './parse-args.js';
import { types } from '../types.js';

const STYLES = inspect.colors ?? {};

function styleText(styles, text) {
  let before = '';
  let behind = '';
  for (const style of [].concat(styles)) {
    const codes = STYLES[style];
    if (codes === undefined) throw new TypeError(`no such style: ${style}`);
    before += `\u001b[${codes[0]}m`;
    behind = `\u001b[${codes[1]}m${behind}`;
  }
  return before + text + behind;
}

function debuglog() {
  return Object.assign(() => {}, { enabled: false });
}

export { types };

export const util = {
  ...npmUtil,
  TextDecoder: globalThis.TextDecoder,
  TextEncoder: globalThis.TextEncoder,
  aborted: (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  debug: debuglog,
  debuglog,
  format,
  formatWithOptions,
  getSystemErrorName: (number) => Object.keys(errorTexts).find((name) => errorTexts[name][0] === -number),
  inspect,
  isArray: Array.isArray,
  isDeepStrictEqual: comparisons.isDeepStrictEqual,
  parseArgs,
  stripVTControlCharacters,
  styleText,
  toUSVString: (text) => `${text}`.toWellFormed(),
  transferableAbortController: () => new AbortController(),
  types,
};

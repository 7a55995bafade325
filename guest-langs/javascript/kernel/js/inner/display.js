// Results and displays: values as bundles of MIME types.
import { inspect } from '../inspect.js';
import native from '../native.js';
import { apply, includes, keys, startsWith, stringify } from '../primordials.js';
import { types } from '../types.js';

const RESULT = 3;
const DISPLAY = 4;
const UPDATE = 5;
const HOOK = Symbol.for('Jupyter.display');

// Short names of types, as ijavascript has them.
const TYPES = {
  __proto__: null,
  text: 'text/plain',
  html: 'text/html',
  markdown: 'text/markdown',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  pdf: 'application/pdf',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
};
const METHODS = {
  __proto__: null,
  _toHtml: 'text/html',
  _toSvg: 'image/svg+xml',
  _toPng: 'image/png',
  _toJpeg: 'image/jpeg',
  _toMarkdown: 'text/markdown',
  _toLatex: 'text/latex',
  _toMime: null,
};
const BINARY = { __proto__: null, 'image/png': true, 'image/jpeg': true, 'image/gif': true, 'image/webp': true, 'application/pdf': true };

// The bundle of a value: what the value says of itself, and its text.
function bundle(value) {
  const data = { __proto__: null };
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    // A proxy's traps do not run.
    if (native.proxy(value) === undefined) {
      const own = value[HOOK];
      if (typeof own === 'function') {
        const answered = apply(own, value, []);
        if (typeof answered === 'object' && answered !== null) return cleaned(answered);
      }
      for (const method in METHODS) {
        const shown = value[method];
        if (typeof shown !== 'function') continue;
        const answered = apply(shown, value, []);
        if (METHODS[method] === null) Object.assign(data, cleaned(answered));
        else data[METHODS[method]] = content(METHODS[method], answered);
      }
    }
  }
  data['text/plain'] ??= inspect(value);
  return data;
}

// A bundle that a program gave: short names made long, contents made text.
function cleaned(given) {
  const data = { __proto__: null };
  for (const key of keys(given)) {
    const type = TYPES[key] ?? key;
    data[type] = content(type, given[key]);
  }
  return data;
}

const Typed = Object.getPrototypeOf(Uint8Array.prototype);
const getter = (object, name) => Object.getOwnPropertyDescriptor(object, name).get;
const VIEWS = [
  [types.isTypedArray, getter(Typed, 'buffer'), getter(Typed, 'byteOffset'), getter(Typed, 'byteLength')],
  [types.isDataView, getter(DataView.prototype, 'buffer'), getter(DataView.prototype, 'byteOffset'), getter(DataView.prototype, 'byteLength')],
];

// The bytes of a buffer or of a look at one; undefined for anything else.
function bytesOf(value) {
  if (types.isArrayBuffer(value)) return new Uint8Array(value);
  for (const [is, buffer, offset, length] of VIEWS) {
    if (is(value)) return new Uint8Array(apply(buffer, value, []), apply(offset, value, []), apply(length, value, []));
  }
  return undefined;
}

function content(type, value) {
  const bytes = bytesOf(value);
  if (bytes !== undefined) return BINARY[type] ? bytes.toBase64() : native.decode(bytes);
  if (startsWith(type, 'application/') && includes(type, 'json')) return value ?? null;
  return typeof value === 'string' ? value : `${value}`;
}

function emit(kind, data, more) {
  native.emit(kind, stringify({ data, metadata: {}, ...more }));
}

// The hook: the value of a cell.
export function show(value) {
  emit(RESULT, typeof value === 'string' ? { 'text/plain': inspect(value) } : bundle(value));
}

// display(value, {raw, display_id, update}), as in Deno.
export function display(value, options = {}) {
  const id = options.display_id ?? options.displayId;
  if (options.update && id === undefined) throw new TypeError('an update needs a display_id');
  emitBundle(options.update ? UPDATE : DISPLAY, options.raw ? cleaned(value) : bundle(value), id);
}

export function emitBundle(kind, data, id) {
  emit(kind, data, id === undefined ? {} : { display_id: `${id}` });
}

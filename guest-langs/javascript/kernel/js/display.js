// Results and displays: values as bundles of MIME types.
import { inspect } from './inspect.js';
import native from './native.js';
import { hidden, startsWith, stringify } from './primordials.js';

const RESULT = 3;
const DISPLAY = 4;
const UPDATE = 5;
export const HOOK = Symbol.for('Jupyter.display');

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
const BINARY = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf']);

// The bundle of a value: what the value says of itself, and its text.
export function bundle(value) {
  const data = { __proto__: null };
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    // A proxy's traps do not run.
    if (native.proxy(value) === undefined) {
      const own = value[HOOK];
      if (typeof own === 'function') {
        const answered = own.call(value);
        if (typeof answered === 'object' && answered !== null) return cleaned(answered);
      }
      for (const method in METHODS) {
        if (typeof value[method] !== 'function') continue;
        const answered = value[method]();
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
  for (const key of Object.keys(given)) {
    const type = TYPES[key] ?? key;
    data[type] = content(type, given[key]);
  }
  return data;
}

function content(type, value) {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return BINARY.has(type) ? bytes.toBase64() : native.decode(bytes);
  }
  if (startsWith(type, 'application/') && type.includes('json')) return value ?? null;
  return typeof value === 'string' ? value : `${value}`;
}

function emit(kind, data, more) {
  native.emit(kind, stringify({ data, metadata: {}, ...more }));
}

export function show(value) {
  emit(RESULT, typeof value === 'string' ? { 'text/plain': inspect(value) } : bundle(value));
}

let lastDisplay = 0;

// display(value, {raw, display_id, update}): as in Deno; the answer can update what it showed.
export function display(value, options = {}) {
  const id = options.display_id ?? options.displayId;
  const data = options.raw ? cleaned(value) : bundle(value);
  const more = id === undefined ? {} : { display_id: `${id}` };
  if (options.update && id === undefined) throw new TypeError('an update needs a display_id');
  emit(options.update ? UPDATE : DISPLAY, data, more);
  return undefined;
}

class Handle {
  constructor(id) {
    this.id = id;
  }
  update(value, options = {}) {
    display(value, { ...options, display_id: this.id, update: true });
  }
}

// Shows a value in a place of its own, which can be updated.
function displayHandle(value, options = {}) {
  const id = `display-${++lastDisplay}`;
  display(value, { ...options, display_id: id });
  return new Handle(id);
}

// Something that shows itself as one type.
function made(type) {
  return (value, ...rest) => {
    const text = Array.isArray(value) && Array.isArray(value.raw) ? String.raw(value, ...rest) : value;
    const shown = { [HOOK]: () => ({ [type]: text }) };
    hidden(shown, 'toString', () => `${text}`);
    return shown;
  };
}

export const $$ = {
  display: (value) => (typeof value === 'string' ? displayHandle(value) : display(value)),
  handle: displayHandle,
  clear: (wait = false) => native.emit(6, stringify({ wait: !!wait })),
  text: (value) => display({ text: `${value}` }, { raw: true }),
  mime: (data) => display(data, { raw: true }),
};
for (const name of ['html', 'svg', 'png', 'jpeg', 'gif', 'markdown', 'latex', 'json', 'javascript', 'pdf']) {
  $$[name] = (value) => display({ [name]: value }, { raw: true });
}

// Deno's names for the same.
export const jupyter = {
  $display: HOOK,
  display: async (value, options) => display(value, options),
  html: made('text/html'),
  md: made('text/markdown'),
  svg: made('image/svg+xml'),
};


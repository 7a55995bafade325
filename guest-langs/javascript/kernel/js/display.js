// What cells show things with. The work is done in the inner script.
import { display as innerDisplay } from './inner.js';
import native from './native.js';
import { apply, hidden, isArray, raw } from './primordials.js';

const HOOK = Symbol.for('Jupyter.display');

// display(value, {raw, display_id, update}): as in Deno.
export function display(value, options = {}) {
  innerDisplay(value, options);
  return undefined;
}

let lastDisplay = 0;

class Handle {
  constructor(id) {
    this.id = id;
  }
  update(value, options = {}) {
    innerDisplay(value, { ...options, display_id: this.id, update: true });
  }
}

// Shows a value in a place of its own, which can be updated.
function displayHandle(value, options = {}) {
  const id = `display-${++lastDisplay}`;
  innerDisplay(value, { ...options, display_id: id });
  return new Handle(id);
}

// Something that shows itself as one type.
function made(type) {
  return (value, ...rest) => {
    const text = isArray(value) && isArray(value.raw) ? apply(raw, undefined, [value, ...rest]) : value;
    const shown = { [HOOK]: () => ({ [type]: text }) };
    hidden(shown, 'toString', () => `${text}`);
    return shown;
  };
}

export const $$ = {
  display: (value) => (typeof value === 'string' ? displayHandle(value) : display(value)),
  handle: displayHandle,
  clear: (wait = false) => native.emit(6, wait ? '{"wait":true}' : '{"wait":false}'),
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

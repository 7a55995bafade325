// What a new guest, or the copy of one, is told: host functions and its environment.
import { callHost } from './loop.js';
import { apply, defineProperty, hidden, parse } from './primordials.js';
import native from './native.js';
import { process } from './process.js';

let installed = [];

// Answers the randomness that the order carries, as hexadecimal digits: empty when it carries none, null when the
// guest goes on as itself and keeps what it has.
export function renew(text) {
  const order = parse(text);
  if (order.functions !== undefined) {
    for (const [name, made] of installed) if (globalThis[name] === made) delete globalThis[name];
    installed = order.functions.map(({ name, doc, schema }) => {
      const made = async (...args) => apply(callHost, undefined, [name, args]);
      defineProperty(made, 'name', { value: name, configurable: true });
      if (typeof doc === 'string') hidden(made, 'doc', doc);
      if (schema !== null && schema !== undefined) hidden(made, 'schema', schema);
      globalThis[name] = made;
      return [name, made];
    });
  }
  if (order.environment !== undefined) Object.assign(process.env, order.environment);
  if (order.cwd !== undefined) native.changeFolder(order.cwd);
  return order.resumed === true ? null : order.entropy ?? '';
}

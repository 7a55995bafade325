// What a new guest, or the copy of one, is told: host functions and its environment.
import { callHost } from './loop.js';
import { bare, defineProperty, hidden, keys, parse, push } from './primordials.js';
import native from './native.js';
import { process } from './process.js';

// A cell may give the name another value.
const global = globalThis;
let installed = [];

// Answers the randomness that the order carries, as hexadecimal digits: empty when it carries none, null when the
// guest goes on as itself and keeps what it has.
export function renew(text) {
  const order = bare(parse(text));
  if (order.functions !== undefined) {
    const { functions } = order;
    for (let at = 0; at < installed.length; at++) {
      const { name, made } = installed[at];
      if (global[name] === made) delete global[name];
    }
    installed = [];
    for (let at = 0; at < functions.length; at++) {
      const { name, doc, schema } = bare(functions[at]);
      const made = async (...args) => callHost(name, args);
      defineProperty(made, 'name', { __proto__: null, value: name, configurable: true });
      if (typeof doc === 'string') hidden(made, 'doc', doc);
      if (schema !== null && schema !== undefined) hidden(made, 'schema', schema);
      global[name] = made;
      push(installed, { name, made });
    }
  }
  const { environment } = order;
  if (environment !== undefined) {
    const names = keys(environment);
    for (let at = 0; at < names.length; at++) process.env[names[at]] = environment[names[at]];
  }
  if (order.cwd !== undefined) native.changeFolder(order.cwd);
  return order.resumed === true ? null : order.entropy ?? '';
}

// How values look: Node's own code, with a look into promises and proxies that only the engine can give.
import inspection from 'node-inspect-extracted';
import native from './native.js';

export const { format, formatWithOptions, stripVTControlCharacters } = inspection;

const plain = inspection.inspect;

export function inspect(value, ...options) {
  // A proxy is shown as its target: its traps must not run.
  let pair;
  while ((pair = native.proxy(value)) !== undefined) value = pair[0];
  const settled = native.promise(value);
  if (settled !== undefined) return inspectPromise(settled, options);
  return plain(value, ...options);
}
Object.setPrototypeOf(inspect, plain);
for (const key of Reflect.ownKeys(plain)) {
  const descriptor = Object.getOwnPropertyDescriptor(plain, key);
  if (descriptor.configurable || !(key in inspect)) Object.defineProperty(inspect, key, descriptor);
}

function inspectPromise([state, result], options) {
  if (state === 0) return 'Promise { <pending> }';
  const text = inspect(result, ...options);
  const inner = state === 2 ? `<rejected> ${text}` : text;
  return inner.includes('\n') || inner.length > 60
    ? `Promise {\n  ${inner.replaceAll('\n', '\n  ')}\n}`
    : `Promise { ${inner} }`;
}

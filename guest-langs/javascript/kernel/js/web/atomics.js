// Atomics: this engine is built without threads, so that any operation is atomic.
import { hidden } from '../primordials.js';

const KINDS = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array];

function place(array, index) {
  if (!KINDS.some((Kind) => array instanceof Kind)) throw new TypeError('Atomics need an array of integers');
  const at = Math.trunc(Number(index)) || 0;
  if (at < 0 || at >= array.length) throw new RangeError('out-of-bound access');
  return at;
}

function change(work) {
  return (array, index, value) => {
    const at = place(array, index);
    const before = array[at];
    const given = typeof before === 'bigint' ? BigInt(value) : Math.trunc(Number(value)) || 0;
    array[at] = work(before, given);
    return before;
  };
}

const Atomics = {
  add: change((before, value) => before + value),
  and: change((before, value) => before & value),
  compareExchange(array, index, expected, value) {
    const at = place(array, index);
    const before = array[at];
    // What is expected is what would stand there, had it been stored.
    const wanted = array.constructor.of(expected)[0];
    if (before === wanted) array[at] = value;
    return before;
  },
  exchange: change((before, value) => value),
  isLockFree: (size) => [1, 2, 4, 8].includes(size),
  load: (array, index) => array[place(array, index)],
  notify: (array, index) => (place(array, index), 0),
  or: change((before, value) => before | value),
  pause() {},
  store(array, index, value) {
    const at = place(array, index);
    const given = typeof array[at] === 'bigint' ? BigInt(value) : Math.trunc(Number(value)) || 0;
    array[at] = given;
    return given;
  },
  sub: change((before, value) => before - value),
  wait() {
    throw new TypeError('Atomics.wait cannot be called in this context');
  },
  xor: change((before, value) => before ^ value),
};
for (const name of Object.keys(Atomics)) hidden(Atomics, name, Atomics[name]);
Object.defineProperty(Atomics, Symbol.toStringTag, { value: 'Atomics', configurable: true });
if (globalThis.Atomics === undefined) hidden(globalThis, 'Atomics', Atomics);

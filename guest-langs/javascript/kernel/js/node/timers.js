// timers and timers/promises.
import { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from '../loop.js';

export const timers = { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };

function aborted(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

function later(begin, stop, value, { signal, ref = true } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(signal));
      return;
    }
    const timer = begin(() => {
      signal?.removeEventListener('abort', cancel);
      resolve(value);
    });
    const cancel = () => {
      stop(timer);
      reject(aborted(signal));
    };
    if (!ref) timer.unref();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

export const timersPromises = {
  setTimeout: (after, value, options) => later((call) => setTimeout(call, after), clearTimeout, value, options),
  setImmediate: (value, options) => later((call) => setImmediate(call), clearImmediate, value, options),
  async *setInterval(after, value, { signal, ref = true } = {}) {
    for (;;) yield await later((call) => setTimeout(call, after), clearTimeout, value, { signal, ref });
  },
  scheduler: {
    wait: (after, options) => timersPromises.setTimeout(after, undefined, options),
    yield: () => timersPromises.setImmediate(),
  },
};
timers.promises = timersPromises;

const custom = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(setTimeout, custom, { value: timersPromises.setTimeout });
Object.defineProperty(setImmediate, custom, { value: timersPromises.setImmediate });

// What Node's `events` has and the package has not.
import events from 'events';

const kEmpty = Object.freeze({});

// An iterator over the arguments of an event.
function on(emitter, name, { signal } = kEmpty) {
  const waiting = [];
  const arrived = [];
  let failure;
  let finished = false;
  const take = (...args) => (waiting.length > 0 ? waiting.shift().resolve({ value: args, done: false }) : arrived.push(args));
  const fail = (error) => {
    if (waiting.length > 0) waiting.shift().reject(error);
    else failure = error;
  };
  const stop = () => {
    finished = true;
    emitter.removeListener(name, take);
    emitter.removeListener('error', fail);
    for (const one of waiting.splice(0)) one.resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  emitter.on(name, take);
  if (name !== 'error') emitter.on('error', fail);
  signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
  return {
    next() {
      if (arrived.length > 0) return Promise.resolve({ value: arrived.shift(), done: false });
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        stop();
        return Promise.reject(error);
      }
      if (finished) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: stop,
    throw(error) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

// The package's `once` knows no AbortSignal.
function once(emitter, name, { signal } = kEmpty) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    if (typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function') {
      emitter.addEventListener(name, (event) => resolve([event]), { once: true });
      return;
    }
    const clean = () => {
      emitter.removeListener(name, arrive);
      emitter.removeListener('error', fail);
    };
    const arrive = (...args) => {
      clean();
      resolve(args);
    };
    const fail = (error) => {
      clean();
      reject(error);
    };
    emitter.once(name, arrive);
    if (name !== 'error') emitter.once('error', fail);
    signal?.addEventListener('abort', () => {
      clean();
      reject(signal.reason);
    }, { once: true });
  });
}

class EventEmitterAsyncResource extends events {}

export const eventsExtras = {
  on,
  once,
  EventEmitterAsyncResource,
  errorMonitor: Symbol('events.errorMonitor'),
  captureRejectionSymbol: Symbol.for('nodejs.rejection'),
  captureRejections: false,
  getEventListeners: (emitter, name) => emitter.listeners?.(name) ?? [],
  getMaxListeners: (emitter) => emitter.getMaxListeners?.() ?? 10,
  setMaxListeners(count, ...emitters) {
    for (const emitter of emitters) emitter.setMaxListeners?.(count);
  },
  addAbortListener(signal, listener) {
    signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: () => signal.removeEventListener('abort', listener) };
  },
};

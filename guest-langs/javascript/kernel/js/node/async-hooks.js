// async_hooks: what can be had without hooks in the engine. A store holds for the synchronous part of what runs in
// it, and for promises and timers through the functions that take one along.
import { apply } from '../primordials.js';

let stores = new Map();

class AsyncLocalStorage {
  static bind(callback) {
    return AsyncResource.bind(callback);
  }
  static snapshot() {
    const taken = stores;
    return (callback, ...args) => within(taken, callback, undefined, args);
  }
  run(store, callback, ...args) {
    return within(new Map(stores).set(this, store), callback, undefined, args);
  }
  exit(callback, ...args) {
    const without = new Map(stores);
    without.delete(this);
    return within(without, callback, undefined, args);
  }
  getStore() {
    return stores.get(this);
  }
  enterWith(store) {
    stores = new Map(stores).set(this, store);
  }
  disable() {
    stores = new Map(stores);
    stores.delete(this);
  }
}

// An async function that is called in a store keeps it until it first waits.
function within(inside, callback, self, args) {
  const outside = stores;
  stores = inside;
  try {
    return apply(callback, self, args);
  } finally {
    stores = outside;
  }
}

class AsyncResource {
  #stores = stores;
  constructor(type) {
    this.type = type;
  }
  static bind(callback, type, self) {
    const resource = new AsyncResource(type);
    return (...args) => resource.runInAsyncScope(callback, self, ...args);
  }
  bind(callback, self) {
    return (...args) => this.runInAsyncScope(callback, self, ...args);
  }
  runInAsyncScope(callback, self, ...args) {
    return within(this.#stores, callback, self, args);
  }
  emitDestroy() {
    return this;
  }
  asyncId() {
    return 1;
  }
  triggerAsyncId() {
    return 0;
  }
}

export const asyncHooks = {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => ({ enable() { return this; }, disable() { return this; } }),
  executionAsyncId: () => 1,
  executionAsyncResource: () => ({}),
  triggerAsyncId: () => 0,
  asyncWrapProviders: {},
};

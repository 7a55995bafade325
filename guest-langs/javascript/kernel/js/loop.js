// The event loop: timers, immediates and calls of host functions. A turn does one thing that is due and says how
// long there is nothing to do; the host does the waiting.
import { TimerHeap } from './heap.js';
import native from './native.js';
import { apply, bare, hidden, mapClear, mapDelete, mapGet, mapSet, parse, promise, push, splice, stringify } from './primordials.js';

const heap = new TimerHeap();
const byId = new Map();
let immediates = [];
let nextImmediate = 0;
const calls = new Map();
let holding = 0; // timers, immediates and calls that keep a cell open
let order = 0;
let lastId = 0;

function hold(change) {
  const before = holding;
  holding += change;
  if ((before > 0) !== (holding > 0)) native.work(holding > 0 ? 1 : 0);
}

// Pipes that somebody waits for, and children.
const readers = new Map();
const writers = new Map();
const children = new Map();
// While children or host calls are under way as well, pipes are looked at so often (in milliseconds).
const LOOK = 5;

function watch(table, key, callback) {
  if (!table.has(key)) hold(1);
  table.set(key, callback);
}

function unwatch(table, key) {
  if (table.delete(key)) hold(-1);
}

export const watchReader = (fd, callback) => watch(readers, fd, callback);
export const unwatchReader = (fd) => unwatch(readers, fd);
export const watchWriter = (fd, callback) => watch(writers, fd, callback);
export const unwatchWriter = (fd) => unwatch(writers, fd);
// Calls back with the status of a child, as waitpid says it.
export const waitForChild = (pid, callback) => watch(children, pid, callback);

// Waits so long at most for pipes and children, and tells those who wait for them.
function look(milliseconds) {
  const others = children.size > 0 || calls.size > 0;
  const limit = others ? Math.min(milliseconds, LOOK) : milliseconds;
  if (readers.size > 0 || writers.size > 0) {
    for (const fd of native.ready([...readers.keys()], [...writers.keys()], limit === Infinity ? -1 : limit)) {
      (readers.get(fd) ?? writers.get(fd))?.();
    }
  }
  let pause = readers.size > 0 || writers.size > 0 ? 0 : limit;
  for (const [pid, callback] of children) {
    const status = native.waitChild(pid, pause);
    pause = 0;
    if (status === -1) continue;
    unwatch(children, pid);
    callback(status < 0 ? 255 << 8 : status);
  }
}

// What setTimeout answers, as in Node.
export class Timeout {
  constructor(callback, after, args, repeats) {
    after *= 1;
    if (!(after >= 1 && after <= 2147483647)) after = 1;
    this._onTimeout = callback;
    this._idleTimeout = after;
    hidden(this, 'state', { place: -1, due: 0, order: 0, args, repeats, held: true, id: 0, owner: this });
    start(this.state);
  }
  ref() {
    const { state } = this;
    if (!state.held) {
      state.held = true;
      if (state.place >= 0) hold(1);
    }
    return this;
  }
  unref() {
    const { state } = this;
    if (state.held) {
      state.held = false;
      if (state.place >= 0) hold(-1);
    }
    return this;
  }
  hasRef() {
    return this.state.held;
  }
  refresh() {
    stop(this.state);
    start(this.state);
    return this;
  }
  close() {
    stop(this.state);
    return this;
  }
  [Symbol.toPrimitive]() {
    const { state } = this;
    if (state.id === 0) {
      state.id = ++lastId;
      mapSet(byId, state.id, state);
    }
    return state.id;
  }
  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    stop(this.state);
  }
}

export class Immediate {
  constructor(callback, args) {
    this._onImmediate = callback;
    hidden(this, 'state', { args, waiting: true });
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return this.state.waiting;
  }
}

function start(timer) {
  timer.due = native.now() + timer.owner._idleTimeout;
  timer.order = ++order;
  heap.add(timer);
  if (timer.held) hold(1);
}

function stop(timer) {
  if (timer.place < 0) return;
  heap.remove(timer);
  if (timer.held) hold(-1);
  if (timer.id !== 0) mapDelete(byId, timer.id);
}

function checkCallback(callback) {
  if (typeof callback === 'function') return;
  const error = new TypeError(`The "callback" argument must be of type function. Received ${typeof callback}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

export function setTimeout(callback, after, ...args) {
  checkCallback(callback);
  return new Timeout(callback, after, args, false);
}

export function setInterval(callback, after, ...args) {
  checkCallback(callback);
  return new Timeout(callback, after, args, true);
}

export function setImmediate(callback, ...args) {
  checkCallback(callback);
  const immediate = new Immediate(callback, args);
  push(immediates, immediate);
  hold(1);
  return immediate;
}

function clear(timer) {
  if (timer instanceof Timeout) stop(timer.state);
  else if (timer instanceof Immediate) clearImmediate(timer);
  else if (typeof timer === 'number' || typeof timer === 'string') {
    const found = mapGet(byId, +timer);
    if (found !== undefined) stop(found);
  }
}
export { clear as clearInterval, clear as clearTimeout };

export function clearImmediate(immediate) {
  if (!(immediate instanceof Immediate) || !immediate.state.waiting) return;
  immediate.state.waiting = false;
  hold(-1);
}

// Answers of a turn, beside the milliseconds to wait.
const FOR_EVER = -1;
const DONE = -2;
const AGAIN = -3;
let turns = 0;

export function turn() {
  // Now and then the host is asked for news, also when there is enough to do.
  const again = (++turns & 63) === 0 ? 0 : AGAIN;
  while (nextImmediate < immediates.length) {
    const immediate = immediates[nextImmediate++];
    if (!immediate.state.waiting) continue;
    if (nextImmediate > 1024 && nextImmediate * 2 > immediates.length) {
      splice(immediates, 0, nextImmediate);
      nextImmediate = 0;
    }
    immediate.state.waiting = false;
    hold(-1);
    apply(immediate._onImmediate, immediate, immediate.state.args);
    // One turn of the wheel for each, so that promises settle in between.
    return again;
  }
  if (nextImmediate > 0) {
    immediates = [];
    nextImmediate = 0;
  }
  if (holding === 0) return DONE;
  const timer = heap.first;
  if (readers.size > 0 || writers.size > 0 || children.size > 0) {
    const free = timer === undefined ? Infinity : timer.due - native.now();
    if (free > 0) {
      look(free);
      return calls.size > 0 ? 0 : AGAIN;
    }
  }
  if (timer === undefined) return FOR_EVER;
  const left = timer.due - native.now();
  if (left > 0) return left;
  const { owner } = timer;
  if (timer.repeats) {
    heap.remove(timer);
    timer.due = native.now() + owner._idleTimeout;
    timer.order = ++order;
    heap.add(timer);
  } else {
    stop(timer);
  }
  apply(owner._onTimeout, owner, timer.args);
  return again;
}

const REFUSALS = {
  '-1': 'there is no such host function',
  '-2': 'its arguments are too large',
  '-3': 'too many calls are under way',
  '-4': 'its arguments cannot be sent',
  '-5': 'the limit of host calls of this execution is spent',
};

// Starts a call of a host function; its promise is settled when the host is done.
export function callHost(name, args) {
  const order = stringify({ name, args, kwargs: {} }, (key, value) => (typeof value === 'bigint' ? String(value) : value));
  const id = native.call(order);
  if (id < 0) throw new Error(`${name}: ${REFUSALS[id] ?? 'the host refused the call'}`);
  const call = promise();
  mapSet(calls, id, call);
  hold(1);
  return call.promise;
}

export function complete(text) {
  const { id, ok, value, error } = bare(parse(text));
  const call = mapGet(calls, id);
  if (call === undefined) return;
  mapDelete(calls, id);
  hold(-1);
  if (ok) {
    call.resolve(value);
    return;
  }
  const failure = new Error(error.message);
  hidden(failure, 'name', error.name);
  call.reject(failure);
}

// What a cell that failed or was interrupted left under way is forgotten.
export function abandon() {
  heap.clear();
  mapClear(byId);
  immediates = [];
  nextImmediate = 0;
  mapClear(calls);
  mapClear(readers);
  mapClear(writers);
  mapClear(children);
  holding = 0;
  native.work(0);
}

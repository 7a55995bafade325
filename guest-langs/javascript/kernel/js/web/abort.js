// Events and AbortController, over the package's EventTarget.
import { Event, EventTarget, setErrorHandler, setWarningHandler } from 'event-target-shim';
import { setTimeout } from '../loop.js';

// An error in a listener is an error of the program.
setErrorHandler((error) => {
  setTimeout(() => {
    throw error;
  }, 0);
});
setWarningHandler(() => {});

export class CustomEvent extends Event {
  #detail;
  constructor(type, options = {}) {
    super(type, options);
    this.#detail = options.detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
}

let making = false;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  #handler = null;
  constructor() {
    super();
    if (!making) throw new TypeError('Illegal constructor');
    making = false;
  }
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  get onabort() {
    return this.#handler;
  }
  set onabort(handler) {
    if (this.#handler !== null) this.removeEventListener('abort', this.#handler);
    this.#handler = typeof handler === 'function' ? handler : null;
    if (this.#handler !== null) this.addEventListener('abort', this.#handler);
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  get [Symbol.toStringTag]() {
    return 'AbortSignal';
  }
  static abort(reason) {
    const signal = make();
    signal.#abort(reason);
    return signal;
  }
  static timeout(after) {
    const signal = make();
    setTimeout(() => signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), after).unref();
    return signal;
  }
  static any(signals) {
    const signal = make();
    for (const one of signals) {
      if (one.aborted) {
        signal.#abort(one.reason);
        break;
      }
      one.addEventListener('abort', () => signal.#abort(one.reason), { once: true });
    }
    return signal;
  }
  #abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.dispatchEvent(new Event('abort'));
  }
  static _abort(signal, reason) {
    signal.#abort(reason);
  }
}
const { _abort } = AbortSignal;
delete AbortSignal._abort;

function make() {
  making = true;
  return new AbortSignal();
}

export class AbortController {
  #signal = make();
  get signal() {
    return this.#signal;
  }
  abort(reason) {
    _abort(this.#signal, reason);
  }
  get [Symbol.toStringTag]() {
    return 'AbortController';
  }
}

export { Event, EventTarget };
export default { AbortController, AbortSignal };

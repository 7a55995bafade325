// vm: scripts in this context; other contexts there are none.
import native from '../native.js';

const name = (options) => (typeof options === 'string' ? options : (options?.filename ?? 'evalmachine.<anonymous>'));

function noContexts() {
  const error = new Error('vm: a sandbox has one context; start another sandbox context for another');
  error.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
  throw error;
}

class Script {
  #source;
  #name;
  constructor(source, options) {
    this.#source = `${source}`;
    this.#name = name(options);
    // A syntax error is thrown here.
    native.check(this.#source, this.#name);
  }
  runInThisContext() {
    return native.evaluate(this.#source, this.#name);
  }
  runInContext() {
    noContexts();
  }
  runInNewContext() {
    noContexts();
  }
}

export const vm = {
  Script,
  createContext: noContexts,
  isContext: () => false,
  runInThisContext: (source, options) => native.evaluate(`${source}`, name(options)),
  runInContext: noContexts,
  runInNewContext: noContexts,
  compileFunction: (source, parameters = [], options = {}) => native.evaluate(`(function (${parameters.join(', ')}) {${source}\n})`, name(options)),
};

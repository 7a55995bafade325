// util: the package, with Node's inspection and what came since.
import npmUtil from 'util';
import comparisons from 'assert/build/internal/util/comparisons.js';
import { format, formatWithOptions, inspect, stripVTControlCharacters } from '../inspect.js';
import native from '../native.js';
import { errorTexts } from './file-errors.js';
import { parseArgs } from './parse-args.js';

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const typedTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const isTyped = (name) => (value) => typedTag.call(value) === name;

// Whether a method of a class takes a value as its own.
function branded(method) {
  return (value) => {
    try {
      method.call(value);
      return true;
    } catch {
      return false;
    }
  };
}
const getter = (object, name) => Object.getOwnPropertyDescriptor(object, name).get;

export const types = {
  isAnyArrayBuffer: (value) => types.isArrayBuffer(value) || types.isSharedArrayBuffer(value),
  isArgumentsObject: (value) => tag(value) === 'Arguments' && !(Symbol.toStringTag in Object(value)),
  isArrayBuffer: branded(getter(ArrayBuffer.prototype, 'byteLength')),
  isArrayBufferView: ArrayBuffer.isView,
  isAsyncFunction: (value) => typeof value === 'function' && tag(value) === 'AsyncFunction',
  isBigInt64Array: isTyped('BigInt64Array'),
  isBigUint64Array: isTyped('BigUint64Array'),
  isBooleanObject: (value) => typeof value === 'object' && branded(Boolean.prototype.valueOf)(value),
  isBoxedPrimitive: (value) => ['isBooleanObject', 'isNumberObject', 'isStringObject', 'isSymbolObject', 'isBigIntObject'].some((name) => types[name](value)),
  isBigIntObject: (value) => typeof value === 'object' && branded(BigInt.prototype.valueOf)(value),
  isDataView: branded(getter(DataView.prototype, 'byteLength')),
  isDate: branded(Date.prototype.getTime),
  isExternal: () => false,
  isFloat32Array: isTyped('Float32Array'),
  isFloat64Array: isTyped('Float64Array'),
  isGeneratorFunction: (value) => typeof value === 'function' && /GeneratorFunction$/.test(tag(value)),
  isGeneratorObject: (value) => tag(value) === 'Generator',
  isInt8Array: isTyped('Int8Array'),
  isInt16Array: isTyped('Int16Array'),
  isInt32Array: isTyped('Int32Array'),
  isMap: branded(getter(Map.prototype, 'size')),
  isMapIterator: (value) => tag(value) === 'Map Iterator',
  isModuleNamespaceObject: (value) => tag(value) === 'Module' && Object.getPrototypeOf(value) === null,
  isNativeError: (value) => native.isError(value),
  isNumberObject: (value) => typeof value === 'object' && branded(Number.prototype.valueOf)(value),
  isPromise: (value) => native.promise(value) !== undefined,
  isProxy: (value) => native.proxy(value) !== undefined,
  isRegExp: (value) => native.proxy(value) === undefined && branded(getter(RegExp.prototype, 'hasIndices'))(value) && value !== RegExp.prototype,
  isSet: branded(getter(Set.prototype, 'size')),
  isSetIterator: (value) => tag(value) === 'Set Iterator',
  isSharedArrayBuffer: typeof SharedArrayBuffer === 'function' ? branded(getter(SharedArrayBuffer.prototype, 'byteLength')) : () => false,
  isStringObject: (value) => typeof value === 'object' && branded(String.prototype.valueOf)(value),
  isSymbolObject: (value) => typeof value === 'object' && branded(Symbol.prototype.valueOf)(value),
  isTypedArray: (value) => typedTag.call(value) !== undefined,
  isUint8Array: isTyped('Uint8Array'),
  isUint8ClampedArray: isTyped('Uint8ClampedArray'),
  isUint16Array: isTyped('Uint16Array'),
  isUint32Array: isTyped('Uint32Array'),
  isWeakMap: branded(function check() { WeakMap.prototype.has.call(this, {}); }),
  isWeakSet: branded(function check() { WeakSet.prototype.has.call(this, {}); }),
};

const STYLES = inspect.colors ?? {};

function styleText(styles, text) {
  let before = '';
  let behind = '';
  for (const style of [].concat(styles)) {
    const codes = STYLES[style];
    if (codes === undefined) throw new TypeError(`no such style: ${style}`);
    before += `\u001b[${codes[0]}m`;
    behind = `\u001b[${codes[1]}m${behind}`;
  }
  return before + text + behind;
}

function debuglog() {
  return Object.assign(() => {}, { enabled: false });
}

export const util = {
  ...npmUtil,
  TextDecoder: globalThis.TextDecoder,
  TextEncoder: globalThis.TextEncoder,
  aborted: (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  debug: debuglog,
  debuglog,
  format,
  formatWithOptions,
  getSystemErrorName: (number) => Object.keys(errorTexts).find((name) => errorTexts[name][0] === -number),
  inspect,
  isArray: Array.isArray,
  isDeepStrictEqual: comparisons.isDeepStrictEqual,
  parseArgs,
  stripVTControlCharacters,
  styleText,
  toUSVString: (text) => `${text}`.toWellFormed(),
  transferableAbortController: () => new AbortController(),
  types,
};

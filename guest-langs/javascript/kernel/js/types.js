// What kind of object a value is, whatever its prototype says: the engine's own classes tell.
import native from './native.js';

const { classOf } = native;
const typedTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const { apply, getPrototypeOf } = Reflect;
const { toString } = Object.prototype;

// A test for the classes of the given samples.
function like(...samples) {
  const [one, other = one] = samples.map(classOf);
  return (value) => {
    const found = classOf(value);
    return found !== 0 && (found === one || found === other);
  };
}
const isTyped = (name) => (value) => apply(typedTag, value, []) === name;
const args = (function () { return arguments; })(1);
const strictArgs = (function () { 'use strict'; return arguments; })(1);
const isArrayBuffer = like(new ArrayBuffer(1));
const isSharedArrayBuffer = typeof SharedArrayBuffer === 'function' ? like(new SharedArrayBuffer(1)) : () => false;
const isBoxed = [like(Object(true)), like(Object(1)), like(Object('')), like(Object(Symbol.iterator)), like(Object(1n))];
const [isBooleanObject, isNumberObject, isStringObject, isSymbolObject, isBigIntObject] = isBoxed;

export const types = {
  isAnyArrayBuffer: (value) => isArrayBuffer(value) || isSharedArrayBuffer(value),
  isArgumentsObject: like(args, strictArgs),
  isArrayBuffer,
  isArrayBufferView: ArrayBuffer.isView,
  isAsyncFunction: like(async () => {}, async function* () {}),
  isBigInt64Array: isTyped('BigInt64Array'),
  isBigIntObject,
  isBigUint64Array: isTyped('BigUint64Array'),
  isBooleanObject,
  isBoxedPrimitive: (value) => isBooleanObject(value) || isNumberObject(value) || isStringObject(value) || isSymbolObject(value) || isBigIntObject(value),
  isDataView: like(new DataView(new ArrayBuffer(1))),
  isDate: like(new Date()),
  isExternal: () => false,
  isFloat32Array: isTyped('Float32Array'),
  isFloat64Array: isTyped('Float64Array'),
  isGeneratorFunction: like(function* () {}, async function* () {}),
  isGeneratorObject: like((function* () {})(), (async function* () {})()),
  isInt8Array: isTyped('Int8Array'),
  isInt16Array: isTyped('Int16Array'),
  isInt32Array: isTyped('Int32Array'),
  isMap: like(new Map()),
  isMapIterator: like(new Map().entries()),
  isModuleNamespaceObject: (value) => classOf(value) !== 0 && native.proxy(value) === undefined && apply(toString, value, []) === '[object Module]' && getPrototypeOf(value) === null,
  isNativeError: (value) => native.isError(value),
  isNumberObject,
  isPromise: (value) => native.promise(value) !== undefined,
  isProxy: (value) => native.proxy(value) !== undefined,
  isRegExp: like(/x/),
  isSet: like(new Set()),
  isSetIterator: like(new Set().entries()),
  isSharedArrayBuffer,
  isStringObject,
  isSymbolObject,
  isTypedArray: (value) => apply(typedTag, value, []) !== undefined,
  isUint8Array: isTyped('Uint8Array'),
  isUint8ClampedArray: isTyped('Uint8ClampedArray'),
  isUint16Array: isTyped('Uint16Array'),
  isUint32Array: isTyped('Uint32Array'),
  isWeakMap: like(new WeakMap()),
  isWeakSet: like(new WeakSet()),
};

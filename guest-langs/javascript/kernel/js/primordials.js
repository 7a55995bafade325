// Functions of the language as they were before any cell ran: what the kernel needs to start, show and end a cell
// works whatever a cell did to prototypes.
const { call } = Function.prototype;
const uncurry = call.bind.bind(call);

export const parse = JSON.parse;
export const stringify = JSON.stringify;
export const { apply, ownKeys, getPrototypeOf, setPrototypeOf } = Reflect;
export const { isArray } = Array;
export const { raw } = String;
export const { defineProperty, keys, create, getOwnPropertyDescriptor } = Object;
export const splice = uncurry(Array.prototype.splice);
export const join = uncurry(Array.prototype.join);
export const slice = uncurry(String.prototype.slice);
export const split = uncurry(String.prototype.split);
export const indexOf = uncurry(String.prototype.indexOf);
export const lastIndexOf = uncurry(String.prototype.lastIndexOf);
export const endsWith = uncurry(String.prototype.endsWith);
export const startsWith = uncurry(String.prototype.startsWith);
export const includes = uncurry(String.prototype.includes);
export const replace = uncurry(String.prototype.replace);
export const mapGet = uncurry(Map.prototype.get);
export const mapSet = uncurry(Map.prototype.set);
export const mapDelete = uncurry(Map.prototype.delete);
export const mapClear = uncurry(Map.prototype.clear);
export const isPrototypeOf = uncurry(Object.prototype.isPrototypeOf);
export const then = uncurry(Promise.prototype.then);
export { uncurry };

// A promise with the functions that settle it.
const Settled = Promise;
const { withResolvers } = Promise;
export const promise = () => apply(withResolvers, Settled, []);

// Behind the last element, whatever setters a cell gave to Array.prototype.
export function push(list, value) {
  defineProperty(list, list.length, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

// An object without a prototype: what it does not have, nobody can give it.
export function bare(object) {
  setPrototypeOf(object, null);
  return object;
}

// A property that a cell can change but that does not show up in loops over the global object.
export function hidden(object, name, value) {
  defineProperty(object, name, { __proto__: null, value, writable: true, configurable: true, enumerable: false });
}

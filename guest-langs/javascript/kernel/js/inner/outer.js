// The global objects of cells as they were before any cell ran.
/* global __outer */
export const outer = { __proto__: null };
for (const name of Object.getOwnPropertyNames(__outer)) outer[name] = __outer[name];

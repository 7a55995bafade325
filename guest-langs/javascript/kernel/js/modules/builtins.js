// The table of built-in modules. They register themselves; nothing is imported here, so that all can import this.
const makers = new Map();
const made = new Map();

// `make` is called when the module is first wanted.
export function register(name, make) {
  makers.set(name, make);
}

export const isBuiltin = (name) => makers.has(name);

export function builtin(name) {
  if (!made.has(name)) made.set(name, makers.get(name)());
  return made.get(name);
}

export const builtinNames = () => [...makers.keys()].filter((name) => !name.startsWith('_'));

// CommonJS: require, and the files that are written for it.
import native from '../native.js';
import { endsWith, hidden, push, startsWith } from '../primordials.js';
import { builtin, builtinNames } from './builtins.js';
import { folderOf, normal, resolve } from './resolve.js';
import { kindOf, sourceOf } from './source.js';

const cache = Object.create(null);

export function Module(id = '', parent) {
  this.id = id;
  this.path = folderOf(id);
  this.exports = {};
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.paths = searched(this.path);
  hidden(this, 'parent', parent);
}

function searched(folder) {
  const paths = [];
  for (let at = folder; ; at = folderOf(at)) {
    if (!endsWith(at, '/node_modules')) push(paths, at === '/' ? '/node_modules' : `${at}/node_modules`);
    if (at === '/') return paths;
  }
}

Module.prototype.require = function require(specifier) {
  return requireFrom(this.filename ?? this.id)(specifier);
};
Module.prototype._compile = function compile(source, path) {
  const require = requireFrom(path, this);
  const wrapper = native.evaluate(
    `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
    path,
  );
  return wrapper.call(this.exports, this.exports, require, this, path, folderOf(path));
};

const extensions = {
  '.js'(module, path) {
    module._compile(sourceOf(path), path);
  },
  '.json'(module, path) {
    const text = native.readFile(path, true);
    try {
      module.exports = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    } catch (error) {
      error.message = `${path}: ${error.message}`;
      throw error;
    }
  },
};

// Set by load.js: a module of the other kind, evaluated at once.
let loadModule;
export function setModuleLoader(load) {
  loadModule = load;
}

export function load(name, parent) {
  if (name.startsWith('node:')) return builtin(name.slice(5));
  const known = cache[name];
  if (known !== undefined) return known.exports;
  const ending = /\.[^./]+$/.exec(name)?.[0];
  const custom = ending !== undefined && ending !== '.js' && ending !== '.json' ? extensions[ending] : undefined;
  const kind = custom ? 'cjs' : kindOf(name, () => sourceOf(name));
  if (kind === 'esm') return loadModule(name);
  const module = new Module(name, parent);
  module.filename = name;
  cache[name] = module;
  parent?.children.push(module);
  try {
    if (custom) custom(module, name);
    else if (kind === 'json') extensions['.json'](module, name);
    else extensions['.js'](module, name);
  } catch (error) {
    delete cache[name];
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

export function requireFrom(base, module) {
  const require = (specifier) => {
    if (typeof specifier !== 'string') {
      const error = new TypeError(`The "id" argument must be of type string. Received ${typeof specifier}`);
      error.code = 'ERR_INVALID_ARG_TYPE';
      throw error;
    }
    return load(resolve(base, specifier, false), module);
  };
  require.resolve = Object.assign((specifier) => resolve(base, specifier, false).replace(/^node:/, ''), {
    paths: () => searched(folderOf(base)),
  });
  require.cache = cache;
  require.extensions = extensions;
  require.main = main;
  return require;
}

// The file that a program is.
export function loadMain(path) {
  main = new Module('.');
  main.filename = path;
  main.path = folderOf(path);
  main.paths = searched(main.path);
  cache[path] = main;
  cellRequire.main = main;
  if (path.endsWith('.json')) extensions['.json'](main, path);
  else main._compile(sourceOf(path), path);
  main.loaded = true;
}

// ---- the cell as a module

// A cell may give the name another value.
const global = globalThis;
let main;
let file = null;
const cellModule = () => {
  const module = new Module('<cell>');
  module.filename = null;
  return module;
};

// Where relative names of a cell start.
const cellBase = () => file ?? normal(`${native.folder()}/cell`);

export const cellRequire = Object.assign((specifier) => requireFrom(cellBase(), main)(specifier), {
  resolve: Object.assign((specifier) => requireFrom(cellBase()).resolve(specifier), {
    paths: () => searched(folderOf(cellBase())),
  }),
  cache,
  extensions,
});

export function enterFile(name) {
  file = normal(startsWith(name, '/') ? name : `${native.folder()}/${name}`);
  main = new Module('.');
  main.filename = file;
  hidden(global, '__filename', file);
  hidden(global, '__dirname', folderOf(file));
  hidden(global, 'module', main);
  hidden(global, 'exports', main.exports);
  cellRequire.main = main;
}

export function leaveFile() {
  file = null;
  delete global.__filename;
  delete global.__dirname;
  forgetMain();
}

export function forgetMain() {
  main = cellModule();
  hidden(global, 'module', main);
  hidden(global, 'exports', main.exports);
  cellRequire.main = undefined;
}

export const currentFile = () => cellBase();

// ---- the module `module`

export const createRequire = (from) => {
  const text = `${from?.href ?? from}`;
  const path = text.startsWith('file:') ? decodeURIComponent(text.slice(7)) : text;
  return requireFrom(path.endsWith('/') ? `${path}x` : path);
};
Object.assign(Module, {
  Module,
  createRequire,
  _cache: cache,
  _extensions: extensions,
  _load: (specifier, parent) => load(resolve(parent?.filename ?? cellBase(), specifier, false), parent),
  _resolveFilename: (specifier, parent) => resolve(parent?.filename ?? cellBase(), specifier, false),
  _nodeModulePaths: searched,
  isBuiltin: (name) => builtinNames().includes(name.replace(/^node:/, '')),
  register() {},
  syncBuiltinESMExports() {},
  findSourceMap() {},
});
Object.defineProperty(Module, 'builtinModules', { get: builtinNames, enumerable: true });

// Modules of `import`: what the engine is given for a name.
import native from '../native.js';
import { builtin } from './builtins.js';
import { currentFile, load as loadCommon, setModuleLoader } from './require.js';
import { folderOf, resolve } from './resolve.js';
import { kindOf, sourceOf } from './source.js';

// For the engine: the name of a module.
export function resolveImport(base, specifier) {
  return resolve(base.startsWith('/') ? base : currentFile(), specifier, true);
}

// For the engine: the text of a module, or the names and values that a module of another kind gives out.
export function loadImport(name) {
  if (name.startsWith('node:')) return given(builtin(name.slice(5)));
  const text = () => sourceOf(name);
  const kind = kindOf(name, text);
  if (kind === 'esm') return text();
  return given(loadCommon(name), kind === 'json');
}

function given(value, onlyDefault = false) {
  const names = ['default'];
  const values = [value];
  const open = value !== null && (typeof value === 'object' || typeof value === 'function');
  if (open && !onlyDefault && native.proxy(value) === undefined) {
    for (const name of namesOf(value)) {
      names.push(name);
      values.push(value[name]);
    }
    if (value.__esModule === true) {
      names.push('module.exports');
      values.push(value);
    }
  }
  return { names, values };
}

function namesOf(value) {
  const names = [];
  for (const name of Object.keys(value)) {
    if (name === 'default' || name === '__esModule') continue;
    names.push(name);
  }
  return names;
}

// For the engine: fill import.meta.
export function meta(object, name) {
  const local = name.startsWith('/');
  object.url = local ? `file://${encodeURI(name).replace(/[?#]/g, encodeURIComponent)}` : name;
  if (local) {
    object.filename = name;
    object.dirname = folderOf(name);
  }
  object.resolve = (specifier) => {
    const found = resolve(name, `${specifier}`, true);
    return found.startsWith('/') ? `file://${encodeURI(found)}` : found;
  };
  return object;
}

// import.meta of a cell.
export function cellMeta() {
  const file = currentFile();
  return Object.assign(meta(Object.create(null), file), { main: true });
}

// `require` of a module: its namespace, if it awaits nothing.
setModuleLoader((name) => {
  const loaded = native.importNow(name);
  if (loaded['module.exports'] !== undefined) return loaded['module.exports'];
  return loaded;
});

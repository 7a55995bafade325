// The text of a module and what kind of module it is.
import native from '../native.js';
import { fileError } from '../node/file-errors.js';
import { isModule, stripTypes } from '../inner.js';
import { scopeOf } from './resolve.js';

const TYPESCRIPT = /\.[mc]?tsx?$/;

export function sourceOf(path) {
  let text;
  try {
    text = native.readFile(path, true);
  } catch (error) {
    throw fileError(error, 'open', path);
  }
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text.startsWith('#!')) text = `//${text.slice(2)}`;
  return TYPESCRIPT.test(path) || path.endsWith('.jsx') ? stripTypes(text, path, { keepImports: false }) : text;
}

// 'esm', 'cjs' or 'json'; `read` answers the text when only that can tell.
export function kindOf(path, read) {
  if (/\.m[jt]s$/.test(path)) return 'esm';
  if (/\.c[jt]s$/.test(path)) return 'cjs';
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.node')) {
    const error = new Error(`${path}: native addons cannot be loaded in this sandbox`);
    error.code = 'ERR_DLOPEN_DISABLED';
    throw error;
  }
  const { type } = scopeOf(path).manifest;
  if (type === 'module') return 'esm';
  if (type === 'commonjs') return 'cjs';
  return isModule(read()) ? 'esm' : 'cjs';
}

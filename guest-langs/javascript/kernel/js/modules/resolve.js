// What the name of a module means: Node's resolution over the sandbox's files.
import { exports as exportsOf, imports as importsOf } from 'resolve.exports';
import native from '../native.js';
import { join, lastIndexOf, push, slice, split } from '../primordials.js';
import { isBuiltin } from './builtins.js';

const ENDINGS = ['.js', '.json', '.node', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx'];
// TypeScript names the file that it will become.
const WRITTEN_AS = [
  ['.js', ['.ts', '.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
  ['.jsx', ['.tsx']],
];

export const folderOf = (path) => slice(path, 0, lastIndexOf(path, '/')) || '/';

export function normal(path) {
  const parts = [];
  const all = split(path, '/');
  for (let at = 0; at < all.length; at++) {
    if (all[at] === '..') parts.length = parts.length > 0 ? parts.length - 1 : 0;
    else if (all[at] !== '' && all[at] !== '.') push(parts, all[at]);
  }
  return `/${join(parts, '/')}`;
}

const manifests = new Map();

// The package.json of a folder; null when there is none or it cannot be read. Kept while its text is the same.
export function manifestOf(folder) {
  const path = folder === '/' ? '/package.json' : `${folder}/package.json`;
  if (native.kind(path) !== 'f') return null;
  const text = native.readFile(path, true);
  const known = manifests.get(path);
  if (known !== undefined && known.text === text) return known.manifest;
  let manifest = null;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    const error = new Error(`Invalid package config ${path}.`, { cause });
    error.code = 'ERR_INVALID_PACKAGE_CONFIG';
    throw error;
  }
  if (manifest === null || typeof manifest !== 'object') manifest = {};
  manifests.set(path, { text, manifest });
  return manifest;
}

// The nearest package.json above a file, with its folder.
export function scopeOf(path) {
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    if (!folder.endsWith('/node_modules')) {
      const manifest = manifestOf(folder);
      if (manifest !== null) return { folder, manifest };
    }
    if (folder === '/') return { folder: '/', manifest: {} };
  }
}

function asFile(path) {
  if (native.kind(path) === 'f') return path;
  for (const ending of ENDINGS) if (native.kind(path + ending) === 'f') return path + ending;
  for (const [written, kept] of WRITTEN_AS) {
    if (!path.endsWith(written)) continue;
    for (const ending of kept) {
      const other = path.slice(0, -written.length) + ending;
      if (native.kind(other) === 'f') return other;
    }
  }
  return null;
}

function asFolder(path) {
  if (native.kind(path) !== 'd') return null;
  const manifest = manifestOf(path);
  if (typeof manifest?.main === 'string' && manifest.main !== '') {
    const main = normal(`${path}/${manifest.main}`);
    const found = asFile(main) ?? asFile(`${main}/index`);
    if (found !== null) return found;
  }
  return asFile(`${path}/index`);
}

const asPath = (path) => asFile(path) ?? asFolder(path);

function conditionsFor(esm) {
  return { unsafe: true, conditions: ['node', esm ? 'import' : 'require', 'default'] };
}

// What a package says under exports or imports; null when it does not.
function said(find, manifest, name, esm) {
  let targets;
  try {
    targets = find(manifest, name, conditionsFor(esm));
  } catch {
    return null;
  }
  return targets ?? null;
}

function notExported(subpath, folder) {
  const error = new Error(
    subpath === '.'
      ? `No "exports" main defined in ${folder}/package.json`
      : `Package subpath '${subpath}' is not defined by "exports" in ${folder}/package.json`,
  );
  error.code = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  return error;
}

function asPackage(start, specifier, esm) {
  const match = /^(@[^/]+\/[^/]+|[^/@.][^/]*)(\/.*)?$/.exec(specifier);
  if (match === null) return null;
  const [, name, rest = ''] = match;
  // A package may name itself.
  const scope = scopeOf(`${start}/x`);
  if (scope.manifest.name === name && scope.manifest.exports !== undefined) {
    const targets = said(exportsOf, scope.manifest, `.${rest}`, esm);
    for (const target of targets ?? []) {
      const found = asFile(normal(`${scope.folder}/${target}`));
      if (found !== null) return found;
    }
  }
  for (let folder = start; ; folder = folderOf(folder)) {
    if (!folder.endsWith('/node_modules')) {
      const home = normal(`${folder}/node_modules/${name}`);
      if (native.kind(home) === 'd') {
        const manifest = manifestOf(home);
        if (manifest?.exports !== undefined && manifest.exports !== null) {
          const targets = said(exportsOf, manifest, `.${rest}`, esm);
          if (targets === null) throw notExported(`.${rest}`, home);
          for (const target of targets) {
            const found = asFile(normal(`${home}/${target}`));
            if (found !== null) return found;
          }
        }
        const found = rest === '' ? asFolder(home) : asPath(home + rest);
        if (found !== null) return found;
      }
    }
    if (folder === '/') return null;
  }
}

function notFound(specifier, base, esm) {
  const from = base.startsWith('/') ? ` imported from ${base}` : '';
  const bare = esm && /^[^./#]/.test(specifier);
  const error = new Error(
    esm ? `Cannot find ${bare ? 'package' : 'module'} '${specifier}'${from}` : `Cannot find module '${specifier}'${from && `\nRequire stack:\n- ${base}`}`,
  );
  error.code = esm ? 'ERR_MODULE_NOT_FOUND' : 'MODULE_NOT_FOUND';
  return error;
}

// A path inside of a file: address.
export function pathOfUrl(text) {
  const path = text.replace(/^file:\/\/(localhost)?/, '').replace(/[?#].*$/, '');
  return decodeURIComponent(path);
}

// The name of the module that `specifier` means in the module or cell `base`: `node:` and a name, or a path.
export function resolve(base, specifier, esm) {
  if (specifier.startsWith('node:')) {
    if (isBuiltin(specifier.slice(5))) return specifier;
    const error = new Error(`No such built-in module: ${specifier}`);
    error.code = 'ERR_UNKNOWN_BUILTIN_MODULE';
    throw error;
  }
  if (isBuiltin(specifier)) return `node:${specifier}`;
  if (/^(https?|data|npm|jsr|blob):/.test(specifier)) {
    const error = new Error(`Only files and built-in modules can be imported, not '${specifier}': this sandbox has no network`);
    error.code = 'ERR_UNSUPPORTED_ESM_URL_SCHEME';
    throw error;
  }
  if (specifier.startsWith('file:')) specifier = pathOfUrl(specifier);
  const start = base.startsWith('/') ? folderOf(base) : native.folder();
  let found = null;
  if (specifier.startsWith('/')) found = asPath(normal(specifier));
  else if (/^\.\.?(\/|$)/.test(specifier)) found = asPath(normal(`${start}/${specifier}`));
  else if (specifier.startsWith('#')) {
    const { folder, manifest } = scopeOf(`${start}/x`);
    for (const target of said(importsOf, manifest, specifier, esm) ?? []) {
      found = target.startsWith('.') ? asFile(normal(`${folder}/${target}`)) : resolve(`${folder}/x`, target, esm);
      if (found !== null) break;
    }
  } else found = asPackage(start, specifier, esm);
  if (found === null) throw notFound(specifier, base, esm);
  return found;
}

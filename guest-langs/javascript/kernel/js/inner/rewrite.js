// What the engine does not take in a cell is rewritten, line by line in its place: types go, imports become awaited
// calls, exports become declarations.
import { parse as lex } from 'es-module-lexer/js';
import { transform } from 'sucrase';
import { hidden, includes } from '../primordials.js';

// TypeScript to JavaScript on the same lines.
export function stripTypes(source, fileName, { keepImports = true } = {}) {
  return strip(source, fileName, keepImports);
}

function syntaxError(message, fileName, line, column) {
  const error = new SyntaxError(message);
  Object.defineProperty(error, 'stack', { value: `SyntaxError: ${message}\n    at ${fileName}:${line}:${column}`, writable: true, configurable: true });
  return error;
}

function strip(source, fileName, keepImports) {
  try {
    return transform(source, {
      transforms: fileName.endsWith('x') ? ['typescript', 'jsx'] : ['typescript'],
      disableESTransforms: true,
      keepUnusedImports: keepImports,
      preserveDynamicImport: true,
      jsxRuntime: 'classic',
      production: true,
    }).code;
  } catch (error) {
    const message = String(error.message).replace(/^Error transforming [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
    if (!error.loc) throw new SyntaxError(message);
    const told = syntaxError(message, fileName, error.loc.line, error.loc.column);
    // A cell that is refused for what it wants is not told that it is no JavaScript.
    if (includes(message, 'cannot be compiled here')) hidden(told, 'refused', true);
    throw told;
  }
}

// Whether a text can only be a module: it imports, exports, or asks for import.meta.
export function isModule(text) {
  if (!/\b(?:import|export)\b/.test(text)) return false;
  try {
    const [, , , hasSyntax] = lex(text);
    return hasSyntax;
  } catch {
    return false;
  }
}

const WORD = /\b(?:import|export)\b/;

// A cell, or the file that a cell is, as a script with `await`.
export function rewrite(source, fileName, typescript) {
  let text = source.startsWith('#!') ? `//${source.slice(2)}` : source;
  if (typescript) text = stripTypes(text, fileName);
  return WORD.test(text) ? rewriteModule(text, fileName) : text;
}

function rewriteModule(source, fileName) {
  let imports, exports;
  try {
    [imports, exports] = lex(source, fileName);
  } catch {
    // The engine says better what is wrong.
    return source;
  }
  const edits = [];
  let head = '';
  for (const item of imports) {
    if (item.type === 'dynamic') continue;
    if (item.type === 'import-meta') {
      edits.push([item.start, item.end, '__importMeta']);
      continue;
    }
    const statement = source.slice(item.importStart, item.importEnd);
    const attributes = item.attributesStart < 0 ? '' : `, { with: ${source.slice(item.attributesStart, item.importEnd)} }`;
    const call = `await import(${source.slice(item.start - 1, item.end + 1)}${attributes})`;
    if (item.type === 'static') {
      const clause = source.slice(item.importStart + 6, item.start - 1).replace(/\bfrom\s*$/, '');
      head += `${declare(uncommented(clause).trim(), call)};`;
    } else {
      // `export ... from` has nobody to export to: the module is loaded.
      head += `${call};`;
    }
    edits.push([item.importStart, endOf(source, item.importEnd), lineFeeds(statement)]);
  }
  for (const item of exports) {
    if (item.type !== 'direct') continue;
    const start = item.exportStart;
    const between = source.slice(start + 6, item.start);
    if (/^\s*\{/.test(between)) {
      // A list of what is declared elsewhere.
      const end = endOf(source, source.indexOf('}', item.start) + 1);
      edits.push([start, end, lineFeeds(source.slice(start, end))]);
    } else if (item.name === 'default' && /^\s*$/.test(between)) {
      edits.push([start, item.end, '']);
    } else {
      edits.push([start, start + 6, '']);
    }
  }
  edits.sort((one, other) => one[0] - other[0]);
  let text = '';
  let at = 0;
  for (const [start, end, instead] of edits) {
    if (start < at) continue;
    text += source.slice(at, start) + instead;
    at = end;
  }
  return head + text + source.slice(at);
}

const lineFeeds = (text) => text.replace(/[^\n]+/g, '');
const uncommented = (text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ');

// Behind the semicolon of a statement, if it has one.
function endOf(source, end) {
  const more = /^\s*;/.exec(source.slice(end, end + 16));
  return more ? end + more[0].length : end;
}

// `a, { b as c }`, `* as d` and so on as a declaration.
function declare(clause, call) {
  if (clause === '') return call;
  const parts = [];
  let rest = clause;
  const first = /^([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)\s*,?\s*/u.exec(rest);
  if (first) {
    parts.push(`default: ${first[1]}`);
    rest = rest.slice(first[0].length);
  }
  const all = /^\*\s*as\s+(\S+)$/.exec(rest);
  if (all) {
    const name = all[1];
    return parts.length === 0 ? `const ${name} = ${call}` : `const ${name} = ${call}, { ${parts[0]} } = ${name}`;
  }
  const named = /^\{([\s\S]*)\}$/.exec(rest);
  if (named) {
    for (const item of named[1].split(',')) {
      const [, name, local] = /^\s*("[^"]*"|'[^']*'|\S+)(?:\s+as\s+(\S+))?\s*$/.exec(item) ?? [];
      if (name !== undefined) parts.push(local === undefined || local === name ? name : `${name}: ${local}`);
    }
  }
  return parts.length === 0 ? call : `const { ${parts.join(', ')} } = ${call}`;
}

// Bundle the kernel's scripts: usage bundle.mjs FOLDER OUTPUT LICENCES
//
// Each output is an expression: inner.js a function of `native` and of the cells' global object, kernel.js a function
// of `native` and of what the inner script answers. The latter answers the hooks.
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [folder, output, licences] = process.argv.slice(2);
const require = createRequire(resolve('node_modules', 'x.js'));
const { build } = require('esbuild');

// Names under which packages ask for one another, or for what the kernel has itself.
const names = {
  'abort-controller': './js/web/abort.js',
  assert: './node_modules/assert/build/assert.js',
  buffer: './node_modules/buffer/index.js',
  'buffer/': './node_modules/buffer/index.js',
  events: './node_modules/events/events.js',
  'events/': './node_modules/events/events.js',
  process: './js/process.js',
  'process/': './js/process.js',
  punycode: './node_modules/punycode/punycode.js',
  'punycode/': './node_modules/punycode/punycode.js',
  stream: './node_modules/readable-stream/lib/ours/browser.js',
  string_decoder: './node_modules/string_decoder/lib/string_decoder.js',
  'string_decoder/': './node_modules/string_decoder/lib/string_decoder.js',
  'url/': './node_modules/url/url.js',
  util: './node_modules/util/util.js',
  'util/': './node_modules/util/util.js',
};
// What a package cannot do without help of the engine, and the kernel can.
const helped = {
  'node-inspect-extracted/dist/inspect.js': [
    ['getPromiseDetails:()=>[g,void 0]', 'getPromiseDetails:(p)=>{const[s,v]=__native.promise(p)??[0];return[s===0?g:s===2?h:s,v]}'],
    ['getProxyDetails:y.getProxyDetails', 'getProxyDetails:(v,full=!0)=>{const p=__native.proxy(v);return p===void 0?p:full?p:p[0]}'],
    // Kinds by the engine's own classes, which know no realms and run no code.
    ['t.exports={isAsyncFunction:', `t.exports=require(${JSON.stringify(resolve(folder, 'types.js'))}).types;({isAsyncFunction:`],
    ['isSymbolObject:R}}', 'isSymbolObject:R})}'],
    // The prototypes of cells, as they were at boot, are as well known as the script's own.
    ['function Kn(t,e,n,r){', 'for(const[e,{name:r}]of[...Jn]){const n=r==="TypedArray"?Object.getPrototypeOf(__outer.Int8Array):__outer[r];Jn.set(n.prototype,{name:r,constructor:n})}function Kn(t,e,n,r){'],
    // Addresses know how to show themselves.
    ['return Pn=Pn||n(812),"string"==typeof t.href&&t instanceof Pn.URL', 'return typeof URL==="function"&&t instanceof URL'],
    // One object of default options; cells are given their own `inspect`.
    ['_n=xt({', '_n=__native.defaults??=xt({'],
    ['}(t,r),Nn);if(i!==l)', '}(t,r),__native.inspect??Nn);if(i!==l)'],
  ],
};
// The parser of types names numbers by enums that live at run time, and asks for the kind of a token by a call: put in
// their place they make it a sixth faster in an interpreter.
const SUCRASE = resolve('node_modules/sucrase/dist/esm');
function members(file, name) {
  const text = readFileSync(join(SUCRASE, file), 'utf8');
  const found = new Map([...text.matchAll(new RegExp(`const (\\w+) = (\\d+); ${name}\\[${name}\\["\\1"\\] = \\1\\]`, 'g'))].map(([, key, value]) => [key, value]));
  if (found.size === 0) throw new Error(`${file}: ${name} has no members`);
  return found;
}
const enums = {
  tt: members('parser/tokenizer/types.js', 'TokenType'),
  ContextualKeyword: members('parser/tokenizer/keywords.js', 'ContextualKeyword'),
  charCodes: members('parser/util/charcodes.js', 'charCodes'),
};
const LINE_FEEDS = 'this.previousWhitespaceAndComments().replace(/[^\\r\\n]/g, "")';
// What the package would drop without a word, or leave to the engine, is told: namespaces of values, decorators.
const told = {
  'parser/plugins/typescript.js': [
    [
      'function tsParseModuleOrNamespaceDeclaration() {\n',
      `function tsParseModuleOrNamespaceDeclaration() {
        const start = state.start, at = state.tokens.length;
        state.namespaces = (state.namespaces ?? 0) + 1;
        __parseNamespace();
        const values = [tt._const, tt._let, tt._var, tt._function, tt._class, tt._enum];
        if (--state.namespaces === 0 && state.tokens[at - 2]?.contextualKeyword !== ContextualKeyword._declare && state.tokens.slice(at).some((token) => values.includes(token.type))) {
          unexpected('the namespace ' + input.slice(start, state.tokens[at].end) + ' cannot be compiled here: use an object or a module instead', start);
        }
      }
      function __parseNamespace() {\n`,
    ],
    ['import {isJSXEnabled, state} from', 'import {input, isJSXEnabled, state} from'],
  ],
  'parser/traverser/statement.js': [
    ['function parseDecorator() {\n', "function parseDecorator() {\n  unexpected('decorators cannot be compiled here: call the function instead');\n"],
  ],
};
const inline = {
  name: 'inline',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/sucrase\/dist\/esm\/.*\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [text, instead] of told[path.split('/dist/esm/')[1]] ?? []) {
        if (contents.split(text).length !== 2) throw new Error(`${path}: ${text} is not there exactly once`);
        contents = contents.replace(text, () => instead);
      }
      for (const [name, values] of Object.entries(enums)) {
        contents = contents.replace(new RegExp(`(?<![.\\w])${name}\\.(\\w+)\\b`, 'g'), (whole, key) => values.get(key) ?? whole);
      }
      contents = contents.replace(/this\.tokens\.matches1\((\d+)\)/g, '(this.tokens.tokens[this.tokens.tokenIndex].type === $1)');
      if (!path.endsWith('/tokenizer/index.js') && /(?<![.\w])match\(\d+\)/.test(contents)) {
        contents = contents.replace(/(?<![.\w])match\((\d+)\)/g, '(__state.type === $1)');
        contents = `import { state as __state } from ${JSON.stringify(join(SUCRASE, 'parser/traverser/base.js'))};${contents}`;
      }
      if (path.endsWith('/TokenProcessor.js')) {
        if (contents.split(LINE_FEEDS).length !== 2) throw new Error('sucrase: its white space has changed');
        contents = contents.replace(LINE_FEEDS, () => '__lineFeeds(this.previousWhitespaceAndComments())');
        contents += 'function __lineFeeds(text) { return text === "" || text === " " ? "" : text.replace(/[^\\r\\n]/g, ""); }';
      }
      return { contents, loader: 'js' };
    });
  },
};
// Data of locales as text that is parsed at boot: as a program it would take ten times the memory.
const locales = {
  name: 'locales',
  setup({ onLoad }) {
    onLoad({ filter: /\/@formatjs\/intl-(?:number|datetime|relativetime|list)format\/locale-data\/.*\.js$/ }, ({ path }) => {
      let found;
      const take = { __addLocaleData: (data) => (found = data) };
      const names = ['NumberFormat', 'DateTimeFormat', 'RelativeTimeFormat', 'ListFormat'];
      new Function('Intl', readFileSync(path, 'utf8'))(Object.fromEntries(names.map((name) => [name, take])));
      const name = names.find((name) => path.includes(`/intl-${name.toLowerCase()}/`));
      return { contents: `Intl.${name}.__addLocaleData(JSON.parse(${JSON.stringify(JSON.stringify(found))}));`, loader: 'js' };
    });
  },
};
const help = {
  name: 'help',
  setup({ onLoad }) {
    for (const [name, edits] of Object.entries(helped)) {
      onLoad({ filter: new RegExp(`/node_modules/${name}$`) }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [text, instead] of edits) {
          if (contents.split(text).length !== 2) throw new Error(`${name}: ${text} is not there exactly once`);
          contents = contents.replace(text, () => instead);
        }
        return { contents, loader: 'js' };
      });
    }
  },
};
const rename = {
  name: 'rename',
  setup({ onResolve }) {
    onResolve({ filter: /^[a-z_-]+\/?$/ }, ({ path }) => (Object.hasOwn(names, path) ? { path: resolve(names[path]) } : undefined));
  },
};

const bundled = (entry, outfile, banner) => build({
  absWorkingDir: process.cwd(),
  entryPoints: [join(folder, entry)],
  outfile: join(output, outfile),
  bundle: true,
  format: 'iife',
  globalName: '__hooks',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['import', 'module', 'default'],
  target: 'es2022',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'utf8',
  plugins: [rename, inline, locales, help],
  preserveSymlinks: true,
  banner: { js: banner },
  footer: { js: 'return __hooks; })' },
  metafile: true,
  logLevel: 'warning',
});

const results = await Promise.all([
  bundled('inner/main.js', 'inner.js', '(function (__native, __outer) {'),
  bundled('main.js', 'kernel.js', '(function (__native, __inner) { const __outer = globalThis; __native.defaults = __inner.defaults;'),
]);

// The licence of every package that is in the bundles.
const packages = new Set();
for (const input of results.flatMap((result) => Object.keys(result.metafile.inputs))) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (found) packages.add(found[1]);
}
mkdirSync(licences, { recursive: true });
const missing = [];
for (const folder of [...packages].sort()) {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  const target = join(licences, `npm-${about.name.replace('/', '-').replace('@', '')}.txt`);
  if (file) cpSync(join(folder, file), target);
  else if (about.license) writeFileSync(target, `${about.name} ${about.version}: ${about.license}\n${author(about)}\nThe package carries no licence text of its own.\n`);
  else missing.push(about.name);
}
function author({ author }) {
  return typeof author === 'string' ? author : (author?.name ?? '');
}
if (missing.length > 0) {
  console.error(`no licence: ${missing.join(', ')}`);
  process.exit(1);
}
for (const name of readdirSync(output)) console.log(`${name}: ${readFileSync(join(output, name)).length} bytes`);
console.log(`${packages.size} packages`);

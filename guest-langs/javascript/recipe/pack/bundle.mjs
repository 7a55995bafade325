// Bundle the kernel's scripts: usage bundle.mjs FOLDER OUTPUT LICENCES
//
// Each output is an expression: inner.js a function of `native` and of the cells' global object, kernel.js a function
// of `native` and of what the inner script answers. The latter answers the hooks.
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { sucrase } from './sucrase.mjs';

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
// What a package cannot do without help of the engine, and the kernel can; or does otherwise than Node.
const helped = {
  'buffer/index.js': [
    ["if (this.length > max) str += ' ... '", "if (this.length > max) str += ` ... ${this.length - max} more byte${this.length > max + 1 ? 's' : ''}`"],
  ],
  'node-inspect-extracted/dist/inspect.js': [
    ['getPromiseDetails:()=>[g,void 0]', 'getPromiseDetails:(p)=>{const[s,v]=__native.promise(p)??[0];return[s===0?g:s===2?h:s,v]}'],
    ['getProxyDetails:y.getProxyDetails', 'getProxyDetails:(v,full=!0)=>{const p=__native.proxy(v);return p===void 0?p:full?p:p[0]}'],
    // Of what has many elements, not all their names are asked for: only those that are no indices, or the first.
    ['getOwnNonIndexProperties:function(t,e=2){', 'getOwnNonIndexProperties:function(t,e=2){return __native.namedKeys(t,e===2);'],
    ['function tr(t,e){', 'function tr(t,e){if(un(t))return ke(t,e?Oe:Ee);'],
    ['l="String",n.splice(0,t.length)', 'l="String"'],
    ['function gr(t,e,n,r,o,i){const l=mt(e);', 'function gr(t,e,n,r,o,i){const l=__native.indexKeys(e,K(i+r,2**32-1));'],
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
  plugins: [rename, sucrase(resolve('node_modules/sucrase/dist/esm')), locales, help],
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

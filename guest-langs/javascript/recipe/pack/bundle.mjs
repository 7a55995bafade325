// Bundle the kernel's script: usage bundle.mjs ENTRY OUTPUT LICENCES
//
// The output is an expression: a function of `native` that answers the hooks.
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [entry, output, licences] = process.argv.slice(2);
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
  ],
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

const result = await build({
  absWorkingDir: process.cwd(),
  entryPoints: [entry],
  outfile: output,
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
  plugins: [rename, help],
  preserveSymlinks: true,
  banner: { js: '(function (__native) {' },
  footer: { js: 'return __hooks; })' },
  metafile: true,
  logLevel: 'warning',
});

// The licence of every package that is in the bundle.
const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
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
console.log(`${packages.size} packages, ${readFileSync(output).length} bytes`);

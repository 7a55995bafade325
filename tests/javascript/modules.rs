//! `import` and `require` from the sandbox's files.

use crate::guest::{cells, context};
use crate::support::{check, finished, raised};

const FILES: &str = r#"
const fs = require('fs');
const put = (path, text) => { fs.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true }); fs.writeFileSync(path, text) };
put('m/a.mjs', `import b, { x } from './b.cjs'; import j from './j.json' with { type: 'json' };
  export default [b.y, x, j.z]; export const meta = [import.meta.url, import.meta.dirname, import.meta.resolve('./b.cjs')];
  export const top = await Promise.resolve(3); export function bump() { count++ } export let count = 0`);
put('m/b.cjs', `exports.x = 1; exports.y = 2; exports.where = [__filename, __dirname]`);
put('m/j.json', `{"z": 9}`);
put('m/circle-a.cjs', `exports.early = 1; exports.b = require('./circle-b.cjs').sees; exports.late = 2`);
put('m/circle-b.cjs', `exports.sees = { ...require('./circle-a.cjs') }`);
put('m/plain.js', `export const kind = 'esm by its text'`);
put('m/common.js', `module.exports = { kind: 'cjs by its text', 'import': 1 }`);
put('m/broken.mjs', `let a = 1;\nlet b = ;`);
put('m/throws.cjs', `throw new RangeError('while loading')`);
put('m/folder/index.js', `module.exports = 'index'`);
put('node_modules/both/package.json', JSON.stringify({ name: 'both', exports: { '.': { import: './e.mjs', require: './c.cjs' }, './sub/*': './lib/*.js', './no/*': null } }));
put('node_modules/both/e.mjs', `export const kind = 'esm'`);
put('node_modules/both/c.cjs', `exports.kind = 'cjs'`);
put('node_modules/both/lib/q.js', `module.exports = 'q'`);
put('node_modules/@s/old/package.json', JSON.stringify({ name: '@s/old', main: './main' }));
put('node_modules/@s/old/main.js', `module.exports = class Old {}; module.exports.__esModule = true; module.exports.default = 'the default'`);
put('node_modules/@s/old/extra.js', `exports.extra = 1`);
put('node_modules/inner/package.json', JSON.stringify({ name: 'inner', type: 'module', imports: { '#own': './own.js' }, exports: './index.js' }));
put('node_modules/inner/index.js', `export { own } from '#own'; export { kind } from 'both'`);
put('node_modules/inner/own.js', `export const own = 'own'`);
0"#;

#[tokio::test]
async fn modules_of_both_kinds_and_json() {
    cells(&[
        (FILES, "0"),
        ("import list, { top, meta } from './m/a.mjs'; [list, top]", "[ [ 2, 1, 9 ], 3 ]"),
        ("meta", "[\n  'file:///home/user/m/a.mjs',\n  '/home/user/m',\n  'file:///home/user/m/b.cjs'\n]"),
        ("import * as all from './m/a.mjs'; all.bump(); all.count", "1"),
        ("(await import('./m/a.mjs')).count", "1"),
        ("require('./m/b.cjs').where", "[ '/home/user/m/b.cjs', '/home/user/m' ]"),
        ("require('./m/b.cjs') === require('/home/user/m/b')", "true"),
        ("require('./m/circle-a.cjs')", "{ early: 1, b: { early: 1 }, late: 2 }"),
        ("[require('./m/plain.js').kind, require('./m/common').kind, require('./m/folder'), require('./m/j.json')]", "[ 'esm by its text', 'cjs by its text', 'index', { z: 9 } ]"),
        ("import common from './m/common.js'; common.kind", "'cjs by its text'"),
        ("import 'node:fs/promises'; import path, { join as j, sep } from 'node:path'; [j('a', '..', 'b'), sep, path.basename('/x/y.z')]", "[ 'b', '/', 'y.z' ]"),
    ])
    .await;
}

#[tokio::test]
async fn packages_are_found_as_node_finds_them() {
    cells(&[
        (FILES, "0"),
        ("[(await import('both')).kind, require('both').kind, require('both/sub/q')]", "[ 'esm', 'cjs', 'q' ]"),
        ("[require('@s/old').name, require('@s/old/extra').extra]", "[ 'Old', 1 ]"),
        ("import { own, kind } from 'inner'; [own, kind]", "[ 'own', 'esm' ]"),
        ("require.resolve('both')", "'/home/user/node_modules/both/c.cjs'"),
        ("require('module').createRequire('/home/user/m/x.js')('./b.cjs').x", "1"),
        ("[require('module').isBuiltin('node:fs'), require('module').builtinModules.includes('path')]", "[ true, true ]"),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told() {
    let context = context().await;
    check(&context, FILES, "0").await;
    for (code, name, part) in [
        (
            "require('./nothing')",
            "Error",
            "Cannot find module './nothing'",
        ),
        (
            "import './nothing.mjs'",
            "Error",
            "Cannot find module './nothing.mjs'",
        ),
        (
            "import x from 'nothing'",
            "Error",
            "Cannot find package 'nothing'",
        ),
        (
            "require('both/hidden')",
            "Error",
            "not defined by \"exports\"",
        ),
        ("import 'both/no/x'", "Error", "not defined by \"exports\""),
        ("import './m/broken.mjs'", "SyntaxError", "';'"),
        ("require('./m/throws.cjs')", "RangeError", "while loading"),
        ("import 'https://example.com/x.js'", "Error", "no network"),
        ("import 'node:nothing'", "Error", "No such built-in module"),
        ("import '/root/.bashrc'", "Error", "Cannot find module"),
        (
            "import { nothing } from './m/a.mjs'; nothing.x",
            "TypeError",
            "undefined",
        ),
        (
            "require('./m/j.json'); require('x.node')",
            "Error",
            "x.node",
        ),
    ] {
        let exception = raised(&context, code).await;
        assert_eq!(exception.name, name, "{code}: {exception:?}");
        assert!(exception.value.contains(part), "{code}: {exception:?}");
    }
    let traceback = raised(&context, "import './m/broken.mjs'").await.traceback;
    assert!(
        traceback.contains("/home/user/m/broken.mjs:2:"),
        "{traceback}"
    );
    // It can be tried again.
    finished(
        &context,
        "require('fs').writeFileSync('nothing.js', 'module.exports = 1')",
    )
    .await;
    check(&context, "require('./nothing')", "1").await;
}

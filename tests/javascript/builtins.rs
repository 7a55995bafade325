//! Node's built-in modules.

use crate::guest::{cells, context};
use crate::support::{check, raised};

#[tokio::test]
async fn files() {
    cells(&[
        ("const fs = require('fs'); fs.mkdirSync('d/e/f', { recursive: true })", "'/home/user/d'"),
        ("fs.writeFileSync('d/x.txt', 'hello'); fs.appendFileSync('d/x.txt', ' ü'); fs.readFileSync('d/x.txt', 'utf8')", "'hello ü'"),
        ("fs.readFileSync('d/x.txt')", "<Buffer 68 65 6c 6c 6f 20 c3 bc>"),
        ("const s = fs.statSync('d/x.txt'); [s.size, s.isFile(), s.isDirectory(), s.mtime instanceof Date, fs.existsSync('d/none')]", "[ 8, true, false, true, false ]"),
        ("fs.readdirSync('d')", "[ 'e', 'x.txt' ]"),
        ("fs.readdirSync('.', { recursive: true, withFileTypes: true }).map((e) => [e.name, e.isDirectory()]).flat()", "[\n  'd',     true,\n  'e',     true,\n  'f',     true,\n  'x.txt', false\n]"),
        ("fs.symlinkSync('x.txt', 'd/link'); [fs.readlinkSync('d/link'), fs.realpathSync('d/link'), fs.lstatSync('d/link').isSymbolicLink()]", "[ 'x.txt', '/home/user/d/x.txt', true ]"),
        ("fs.copyFileSync('d/x.txt', 'd/y'); fs.renameSync('d/y', 'd/z'); fs.truncateSync('d/z', 2); fs.readFileSync('d/z', 'latin1')", "'he'"),
        ("const f = fs.openSync('d/z', 'r+'); fs.writeSync(f, 'XY', 1); const b = Buffer.alloc(4); [fs.readSync(f, b, 0, 4, 0), b.toString('utf8', 0, 3), fs.closeSync(f)]", "[ 3, 'hXY', undefined ]"),
        ("fs.utimesSync('d/z', 1, 2); fs.statSync('d/z').mtimeMs", "2000"),
        ("fs.rmSync('d', { recursive: true }); fs.existsSync('d')", "false"),
        ("await fs.promises.writeFile('p', 'one\\ntwo\\n'); const h = await fs.promises.open('p'); const lines = []; for await (const line of h.readLines()) lines.push(line); await h.close(); lines", "[ 'one', 'two' ]"),
        ("await new Promise((ok, no) => fs.readFile('p', 'utf8', (e, t) => (e ? no(e) : ok(t.length))))", "8"),
        ("await require('util').promisify(fs.stat)('p').then((s) => s.size)", "8"),
        ("const out = fs.createWriteStream('w'); out.write('a'); out.end('b'); await new Promise((r) => out.on('close', r)); let text = ''; for await (const part of fs.createReadStream('w', 'utf8')) text += part; text", "'ab'"),
        ("fs.mkdtempSync('/tmp/t-').length", "13"),
        ("fs.readFileSync(new URL('file:///home/user/w'), { encoding: 'base64' })", "'YWI='"),
    ])
    .await;
}

#[tokio::test]
async fn errors_of_files_are_those_of_node() {
    let context = context().await;
    check(&context, "const fs = require('fs'); 0", "0").await;
    for (code, value) in [
        (
            "fs.readFileSync('/none')",
            "ENOENT: no such file or directory, open '/none'",
        ),
        (
            "fs.readdirSync('/none')",
            "ENOENT: no such file or directory, scandir '/none'",
        ),
        (
            "fs.readFileSync('/tmp')",
            "EISDIR: illegal operation on a directory, read",
        ),
        (
            "fs.mkdirSync('/tmp')",
            "EEXIST: file already exists, mkdir '/tmp'",
        ),
        (
            "fs.renameSync('/none', '/x')",
            "ENOENT: no such file or directory, rename '/none' -> '/x'",
        ),
        (
            "await fs.promises.stat('/none')",
            "ENOENT: no such file or directory, stat '/none'",
        ),
        ("fs.closeSync(99)", "EBADF: bad file descriptor, close"),
        (
            "fs.readFileSync('a\\0b')",
            "The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received \"a\\u0000b\"",
        ),
    ] {
        assert_eq!(raised(&context, code).await.value, value, "{code}");
    }
    check(&context, "try { fs.readFileSync('/none') } catch ({ code, errno, syscall, path }) { [code, errno, syscall, path] }", "[ 'ENOENT', -2, 'open', '/none' ]").await;
    // The library is there to be read only.
    let exception = raised(
        &context,
        "fs.writeFileSync('/usr/lib/sandcell/kernel.js', '')",
    )
    .await;
    assert!(
        exception.value.contains("/usr/lib/sandcell/kernel.js"),
        "{exception:?}"
    );
}

#[tokio::test]
async fn the_small_modules() {
    cells(&[
        ("const { EventEmitter, once } = require('events'); const e = new EventEmitter(); const got = once(e, 'x'); e.emit('x', 1, 2); await got", "[ 1, 2 ]"),
        ("const util = require('util'); [util.format('%s %j', 'a', { b: 1 }), util.inspect({ a: { b: { c: {} } } }, { depth: 0 }), util.types.isPromise(Promise.resolve()), util.isDeepStrictEqual([{ a: 1 }], [{ a: 1 }])]", "[ 'a {\"b\":1}', '{ a: [Object] }', true, true ]"),
        ("util.parseArgs({ args: ['-v', '--name=x', 'rest'], options: { v: { type: 'boolean', short: 'v' }, name: { type: 'string' } }, allowPositionals: true }).values.name", "'x'"),
        ("const { pipeline } = require('stream/promises'); const { Readable, Transform } = require('stream'); const parts = []; await pipeline(Readable.from(['a', 'b']), new Transform({ transform(c, _, done) { done(null, `${c}`.toUpperCase()) } }), async (source) => { for await (const c of source) parts.push(`${c}`) }); parts.join('')", "'AB'"),
        ("const url = require('url'); [url.fileURLToPath('file:///a%20b'), url.pathToFileURL('/x y?').href, url.parse('http://h/p?q=1').query]", "[ '/a b', 'file:///x%20y%3F', 'q=1' ]"),
        ("[require('querystring').stringify({ a: 1, b: ['x', 'y'] }), require('os').EOL, require('os').tmpdir()]", "[ 'a=1&b=x&b=y', '\\n', '/tmp' ]"),
        ("const { StringDecoder } = require('string_decoder'); const d = new StringDecoder('utf8'); d.write(Buffer.from([0xc3])) + d.write(Buffer.from([0xbc]))", "'ü'"),
        ("await require('timers/promises').setTimeout(2, 'v')", "'v'"),
        ("const zlib = require('zlib'); [zlib.gunzipSync(zlib.gzipSync('hello')).toString(), zlib.inflateSync(zlib.deflateSync(Buffer.from('x'))).length, zlib.crc32('hello')]", "[ 'hello', 1, 907060870 ]"),
        ("const { AsyncLocalStorage } = require('async_hooks'); new AsyncLocalStorage().run({ a: 1 }, function () { return 5 })", "5"),
        ("Buffer.concat([Buffer.from('6869', 'hex'), Buffer.from('aGk=', 'base64')]).toString() + Buffer.byteLength('ü')", "'hihi2'"),
        ("require('assert').throws(() => { throw new TypeError('x') }, TypeError); require('vm').runInThisContext('1 + 1')", "2"),
        ("[process.platform, process.hrtime.bigint() > 0n, process.memoryUsage().rss > 0, typeof process.uptime()]", "[ 'linux', true, true, 'number' ]"),
    ])
    .await;
    let context = context().await;
    let exception = raised(&context, "require('assert').strictEqual(1, 2)").await;
    assert_eq!(exception.name, "AssertionError");
}

#[tokio::test]
async fn cryptography() {
    cells(&[
        ("const c = require('crypto'); c.createHash('sha256').update('a').update('bc').digest('hex')", "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'"),
        ("['md5', 'sha1', 'sha512'].map((name) => c.createHash(name).update('').digest('hex').slice(0, 8))", "[ 'd41d8cd9', 'da39a3ee', 'cf83e135' ]"),
        ("c.createHmac('sha256', 'key').update('The quick brown fox jumps over the lazy dog').digest('hex').slice(0, 16)", "'f7bc83f430538424'"),
        ("c.pbkdf2Sync('password', 'salt', 1, 20, 'sha1').toString('hex')", "'0c60c80f961f0e71f3a9b524af6012062fe037a6'"),
        ("c.scryptSync('', '', 16, { N: 16, r: 1, p: 1 }).toString('hex')", "'77d6576238657b203b19ca42c18a0497'"),
        ("const k = Buffer.alloc(32), iv = Buffer.alloc(12); const e = c.createCipheriv('aes-256-gcm', k, iv); const text = e.update('hello', 'utf8', 'hex') + e.final('hex'); const d = c.createDecipheriv('aes-256-gcm', k, iv); d.setAuthTag(e.getAuthTag()); [text, d.update(text, 'hex', 'utf8') + d.final('utf8')]", "[ 'a6c22c5122', 'hello' ]"),
        ("const { subtle } = crypto; Buffer.from(await subtle.digest('SHA-1', new TextEncoder().encode('abc'))).toString('hex')", "'a9993e364706816aba3e25717850c26c9cd0d89d'"),
        ("const hk = await subtle.importKey('raw', new Uint8Array(4), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']); await subtle.verify('HMAC', hk, await subtle.sign('HMAC', hk, k), k)", "true"),
        ("const ak = await subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['encrypt', 'decrypt']); const v = crypto.getRandomValues(new Uint8Array(16)); Buffer.from(await subtle.decrypt({ name: 'AES-CBC', iv: v }, ak, await subtle.encrypt({ name: 'AES-CBC', iv: v }, ak, Buffer.from('text')))).toString()", "'text'"),
        ("/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(c.randomUUID()) && c.randomInt(5, 6)", "5"),
        ("c.timingSafeEqual(Buffer.from('a'), Buffer.from('a'))", "true"),
    ])
    .await;
}

#[tokio::test]
async fn what_a_sandbox_has_not_says_so() {
    let context = context().await;
    for (code, part) in [
        ("require('child_process').execSync('ls')", "ENOENT"),
        (
            "new (require('worker_threads').Worker)('x')",
            "it has one thread",
        ),
        ("require('net').connect(80)", "it has no network"),
        ("require('http').get('http://x')", "it has no network"),
        ("require('vm').createContext({})", "one context"),
        ("require('fs').watch('/')", "not available in this sandbox"),
        (
            "require('crypto').generateKeyPairSync('rsa')",
            "not available in this sandbox",
        ),
        ("process.kill(1)", "kill ESRCH"),
    ] {
        let exception = raised(&context, code).await;
        assert!(exception.value.contains(part), "{code}: {exception:?}");
    }
}

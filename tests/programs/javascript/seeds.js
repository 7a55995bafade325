// Programs that touch what an engine gets wrong: what the mutator takes apart
// beside the attacks of tests/escape. Each is a block of its own.
{
  const list = Array.from({ length: 9 }, (_, i) => i * 3 % 7);
  list.sort((a, b) => b - a);
  console.log(list, list.at(-1), list.findLast((v) => v % 2), list.toSpliced(1, 2, 'x'));
}
{
  let text = 'a-b_c'.replace(/[-_](\w)/gu, (_, c) => c.toUpperCase());
  text += [...'né😀'].reverse().join('');
  console.log(text.padEnd(12, '.'), text.normalize('NFD').length, text.matchAll(/./gsu).next().value);
}
{
  class Animal { #name; static count = 0; constructor(name) { this.#name = name; Animal.count++; } get name() { return this.#name; } toString() { return `${this.constructor.name} ${this.#name}`; } }
  class Dog extends Animal { static { this.kind = 'dog'; } toString() { return super.toString() + '!'; } }
  console.log(String(new Dog('Rex')), Dog.kind, Animal.count);
}
{
  function* walk(tree) { if (tree) { yield* walk(tree[0]); yield tree[1]; yield* walk(tree[2]); } }
  const found = [...walk([[null, 1, null], 2, [[null, 3, null], 4, null]])];
  console.log(found, Object.fromEntries(found.entries()));
}
{
  const steps = [];
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  await Promise.all([1, 2, 3].map(async (n) => { await wait(n); steps.push(n); }));
  await Promise.allSettled([Promise.reject(new Error('no')), wait(0)]).then((all) => steps.push(all.length));
  console.log(steps);
}
{
  const target = { a: 1, get b() { return this.a + 1; }, [Symbol.iterator]: function* () { yield this.a; } };
  const proxy = new Proxy(target, { get: (t, k, r) => k === 'c' ? 3 : Reflect.get(t, k, r), has: () => true, ownKeys: () => ['a', 'b'], deleteProperty: () => false });
  console.log(proxy.b, proxy.c, 'zzz' in proxy, Object.keys(proxy), [...proxy]);
}
{
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const view = new DataView(buffer), bytes = new Uint8Array(buffer), words = new Float64Array(buffer, 8);
  view.setInt32(0, -1, true); words[0] = Math.PI; bytes.set([1, 2, 3], 4); bytes.subarray(2, 9).fill(7);
  buffer.resize(32); console.log(bytes.length, view.getBigInt64(0), words[0], bytes.slice(0, 5));
  const moved = buffer.transfer(8); console.log(moved.byteLength, buffer.detached);
}
{
  let big = 1n; for (let i = 1n; i < 30n; i++) big *= i;
  console.log(big, big % 97n, -big >> 3n, BigInt.asIntN(32, big), big.toString(36), Number(big));
}
{
  outer: for (const [key, value] of new Map([['x', { y: [1, , 3] }], ['z', null]])) {
    switch (key) { case 'x': { const { y: [first, second = 5, ...rest] } = value; console.log(first, second, rest); break; } default: try { value.y; } catch ({ name, message }) { console.log(name); continue outer; } finally { console.log('end', key); } }
  }
}
{
  const weak = new WeakMap(), set = new Set([1, 2, 3]), key = {};
  weak.set(key, set); set.forEach((v) => { if (v < 5) { set.delete(v); set.add(v + 3); } });
  console.log(weak.get(key), set.union?.(new Set([9])), new WeakRef(key).deref() === key);
}
{
  const shared = JSON.parse('{"a":[1,{"b":null}],"c":"\\u00e9"}', (k, v) => typeof v === 'number' ? v + 0.5 : v);
  shared.self = shared; try { JSON.stringify(shared); } catch (e) { console.log(e.constructor.name); }
  console.log(structuredClone(new Map([[shared, new Date(0)]])).size, JSON.stringify({ toJSON: () => [undefined, NaN] }));
}
{
  var hoisted = typeof later; var later = function fact(n) { return n ? n * fact(n - 1) : arguments.length; };
  console.log(hoisted, later.call(null, 5), later.length, new Function('a', 'b', 'return a ** b')(2, 10), eval('var q = 4; q * 2'));
}
{
  label: { let n = 0; do { n++; if (n & 1) continue; if (n > 8) break label; n += n >>> 1; } while (n < 20); console.log(n); }
  const object = Object.defineProperty([], 'length', { writable: false }); try { object.push(1); } catch (e) { console.log(e.name); }
  console.log([3, 1, 2].sort().concat([[4]].flat()), Object.groupBy([1, 2, 3], (v) => v % 2 ? 'odd' : 'even'));
}
{
  const odd = { valueOf: () => 42, toString: () => 'text', [Symbol.toPrimitive]: (hint) => hint === 'number' ? 7 : null };
  console.log(+odd, `${odd}`, odd + 1, odd?.missing?.[0]?.(), odd.x ??= 5, (odd.x ||= 6, odd.x &&= 7), typeof odd, void 0, new Date(2024, 1, 30, 25).toISOString());
}

// Random programs, one a line in base64: `generate.mjs KIND SEED COUNT CORPUS`.
//
// The same arguments give the same programs. Kinds: `grammar` (whatever the grammar
// allows), `spliced` (parts of the corpus put into each other), `broken` (texts of
// the corpus, damaged). The corpus is a file with one JSON string a line.
import { readFileSync } from 'node:fs';
import seedrandom from 'seedrandom';

const [kind, seed, count, corpus] = process.argv.slice(2);
// The generator of the grammar takes its chances from here.
Math.random = seedrandom(`${kind} ${seed}`);
const { parse } = await import('acorn');
const { full } = await import('acorn-walk');
const { generate } = await import('astring');
const { default: eslump } = await import('eslump');

const below = (limit) => Math.floor(Math.random() * limit);
const pick = (list) => list[below(list.length)];
const options = { ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true };
const lines = (path) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

// Places of a tree whose node may be another of the same class.
function places(tree) {
  const found = [];
  full(tree, (node) => {
    for (const [name, value] of Object.entries(node)) {
      const several = Array.isArray(value);
      for (const [at, item] of (several ? value : [value]).entries()) {
        if (item && /Statement$|Declaration$/.test(item.type)) found.push({ of: 'statement', item, put: (n) => { several ? (value[at] = n) : (node[name] = n); } });
        else if (item && /Expression$|Literal$|^Identifier$/.test(item.type) && !/key|id|property|label|params|superClass/.test(name)) found.push({ of: 'expression', item, put: (n) => { several ? (value[at] = n) : (node[name] = n); } });
      }
    }
  });
  return found;
}

function readable(sources) {
  return sources.flatMap((source) => {
    try { return [[source, parse(source, options)]]; } catch { return []; }
  });
}

const LITERALS = [0, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 1e308, '', 'length', '__proto__', 'constructor', '\ud800', null, true];

function spliced(sources) {
  const whole = readable(sources);
  const parts = { statement: [], expression: [] };
  for (const [, tree] of whole) for (const place of places(tree)) parts[place.of].push(place.item);
  return () => {
    const tree = parse(pick(whole)[0], options);
    for (let turns = 1 + below(5); turns > 0; turns--) {
      const all = places(tree);
      if (all.length === 0) break;
      const place = pick(all);
      const literal = place.of === 'expression' && below(4) === 0;
      // A copy, so that no tree holds itself.
      place.put(literal ? { type: 'Literal', value: pick(LITERALS) } : structuredClone(pick(parts[place.of])));
    }
    return generate(tree);
  };
}

const STRANGE = ['\0', '\ud800', '\u2028', '('.repeat(60), '`${', '/*', '\\u{110000}', '#x', '?.', '=>', '...', '0b2', 'async ', 'yield ', '<!--', '}', 'class '];

function broken(sources) {
  return () => {
    let text = pick(sources);
    for (let turns = 1 + below(4); turns > 0; turns--) {
      const [at, to] = [below(text.length + 1), below(text.length + 1)].sort((a, b) => a - b);
      text = [
        () => text.slice(0, at) + text.slice(to),
        () => text.slice(0, to) + text.slice(at, at + 200) + text.slice(to),
        () => text.slice(0, at) + pick(STRANGE) + text.slice(at),
        () => text.slice(0, at) + [...text.slice(at, at + 30)].reverse().join('') + text.slice(at + 30),
      ][below(4)]();
    }
    return text;
  };
}

const grammar = () => eslump.generateRandomJS({ sourceType: pick(['script', 'module']), maxDepth: 3 + below(5), comments: below(3) === 0, whitespace: below(3) === 0 });
const next = { grammar: () => grammar, spliced: () => spliced(lines(corpus)), broken: () => broken(lines(corpus)) }[kind]();
const seen = new Set();
while (seen.size < Number(count)) {
  let made;
  // A splice may be one that cannot be written down.
  try { made = next(); } catch { continue; }
  if (!seen.has(made)) console.log(Buffer.from(made, 'utf8').toString('base64'));
  seen.add(made);
}

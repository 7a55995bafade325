// Intl.Collator and localeCompare: the order of a dictionary, by letters, then accents, then case.

// Characters of ASCII in their order, from white space to letters: where one stands is its weight.
const ORDER = '\t\n\v\f\r _-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$0123456789';
const DIGIT = 1000;
const LETTER = 2000;
const weights = new Uint16Array(128);
for (let code = 0; code < 128; code++) {
  const at = ORDER.indexOf(String.fromCharCode(code));
  weights[code] = at < 0 ? 0 : code >= 48 && code < 58 ? DIGIT + code : at + 1;
}
for (let code = 97; code < 123; code++) weights[code] = weights[code - 32] = LETTER + code;

// Letters that are others with something added, though Unicode does not take them apart.
const SPELT = { __proto__: null, ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', þ: 'th', Þ: 'TH', ı: 'i' };
// Letters of their own in a language: they stand behind the letter without the mark.
const OWN = { __proto__: null, es: 'n\u0303' };
const NOT_ASCII = /[^\0-\x7f]/;
const MARK = /^\p{M}$/u;
const SPACE = /^\s$/u;
const PUNCTUATION = /^\p{P}$/u;
const SYMBOL = /^\p{S}$/u;
const NUMBER = /^\p{Nd}$/u;

function weigh(character) {
  const code = character.codePointAt(0);
  if (code < 128) return weights[code];
  if (SPACE.test(character)) return 1;
  if (PUNCTUATION.test(character)) return 100 + code / 0x110000;
  if (SYMBOL.test(character)) return 200 + code / 0x110000;
  if (NUMBER.test(character)) return DIGIT + code;
  const lower = character.toLowerCase();
  return LETTER + lower.codePointAt(0);
}

// The levels of a text: a weight for each letter, its marks, and whether it is upper case.
function levels(text, { numeric, ignorePunctuation, own }) {
  const first = [];
  const marks = [];
  const upper = [];
  let whole = text.normalize('NFD');
  if (NOT_ASCII.test(whole)) whole = whole.replace(/[ßẞæÆœŒøØłŁđĐðþÞı]/g, (letter) => `${SPELT[letter]}\u0335`);
  const characters = [...whole];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (MARK.test(character)) {
      const before = marks.length - 1;
      if (before < 0) continue;
      if (own !== undefined && character === own[1] && characters[at - 1].toLowerCase() === own[0]) first[before] += 0.5;
      else marks[before] += character;
      continue;
    }
    const weight = weigh(character);
    if (weight === 0 || (ignorePunctuation && weight < 200)) continue;
    if (numeric && weight >= DIGIT && weight < LETTER) {
      let digits = character;
      while (at + 1 < characters.length && NUMBER.test(characters[at + 1])) digits += characters[++at];
      digits = digits.replace(/^0+(?=.)/, '');
      first.push(DIGIT + Math.min(digits.length, 900));
      marks.push('');
      upper.push(0);
      for (const digit of digits) {
        first.push(weigh(digit));
        marks.push('');
        upper.push(0);
      }
      continue;
    }
    first.push(weight);
    marks.push('');
    upper.push(weight >= LETTER && character !== character.toLowerCase() ? 1 : 0);
  }
  return { first, marks, upper };
}

function compareLists(one, other) {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  return Math.sign(one.length - other.length);
}

function compareWhole(one, other, settings) {
  const [a, b] = [levels(one, settings), levels(other, settings)];
  let found = compareLists(a.first, b.first);
  if (found === 0 && settings.accents) found = compareLists(a.marks, b.marks);
  if (found === 0 && settings.cases) found = compareLists(a.upper, b.upper) * settings.cases;
  return found;
}

// Most texts are ASCII, and differ in a letter.
function compareAscii(one, other, settings) {
  const length = Math.min(one.length, other.length);
  let cases = 0;
  for (let at = 0; at < length; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a === b) continue;
    if (a > 127 || b > 127 || weights[a] === 0 || weights[b] === 0) return undefined;
    if (weights[a] !== weights[b]) return NOT_ASCII.test(one) || NOT_ASCII.test(other) ? undefined : weights[a] < weights[b] ? -1 : 1;
    if (cases === 0) cases = a > b ? -1 : 1; // lower case comes first
  }
  if (NOT_ASCII.test(one) || NOT_ASCII.test(other)) return undefined;
  if (one.length !== other.length) return one.length < other.length ? -1 : 1;
  return cases * settings.cases;
}

function compareBy(settings) {
  return (one, other) => {
    one = `${one}`;
    other = `${other}`;
    if (one === other) return 0;
    const quick = settings.numeric || settings.ignorePunctuation ? undefined : compareAscii(one, other, settings);
    return (quick ?? compareWhole(one, other, settings)) || 0;
  };
}

const SENSITIVITIES = ['base', 'accent', 'case', 'variant'];

function choice(options, name, choices, fallback) {
  const value = options[name];
  if (value === undefined) return fallback;
  if (!choices.includes(`${value}`)) throw new RangeError(`Value ${value} out of range for Intl.Collator options property ${name}`);
  return `${value}`;
}

export function makeCollator(resolveLocale) {
  return class Collator {
    #resolved;
    #compare;
    constructor(locales, given) {
      const options = given === undefined ? {} : Object(given);
      const { locale, keywords } = resolveLocale(locales);
      const sensitivity = choice(options, 'sensitivity', SENSITIVITIES, 'variant');
      const resolved = {
        locale,
        usage: choice(options, 'usage', ['sort', 'search'], 'sort'),
        sensitivity,
        ignorePunctuation: options.ignorePunctuation === undefined ? false : !!options.ignorePunctuation,
        collation: 'default',
        numeric: options.numeric === undefined ? keywords.kn !== undefined && keywords.kn !== 'false' : !!options.numeric,
        caseFirst: choice(options, 'caseFirst', ['upper', 'lower', 'false'], keywords.kf ?? 'false'),
      };
      const caseMatters = sensitivity === 'case' || sensitivity === 'variant';
      this.#resolved = resolved;
      this.#compare = compareBy({
        numeric: resolved.numeric,
        ignorePunctuation: resolved.ignorePunctuation,
        own: OWN[locale.slice(0, 2)],
        accents: sensitivity === 'accent' || sensitivity === 'variant',
        cases: caseMatters ? (resolved.caseFirst === 'upper' ? -1 : 1) : 0,
      });
    }
    get compare() {
      return this.#compare;
    }
    resolvedOptions() {
      return { ...this.#resolved };
    }
    get [Symbol.toStringTag]() {
      return 'Intl.Collator';
    }
  };
}

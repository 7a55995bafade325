// Intl and the methods of the language that follow it: well-kept polyfills over the data of some languages. What
// they do not have is told, instead of being answered in English.
import { makeCollator } from './collator.js';
import { LOCALES } from './locales.js';
import { hidden } from '../primordials.js';

const { Intl } = globalThis;

// The locale of a list that is taken, and its keywords: as the specification finds it, but for what is not there.
function resolveLocale(locales) {
  const wanted = Intl.getCanonicalLocales(locales);
  for (const tag of wanted) {
    const [name] = tag.split(/-[a-z]-/);
    for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('-')))) {
      if (LOCALES.includes(at)) return { locale: name, keywords: keywordsOf(tag) };
    }
  }
  if (wanted.length > 0) throw new RangeError(`This sandbox has no data of the locale ${wanted[0]}: it has ${LOCALES.join(', ')} and their regions`);
  return { locale: 'en-US', keywords: {} };
}

function keywordsOf(tag) {
  const keywords = {};
  for (const [, key, value] of (/-u-(.*)$/.exec(tag)?.[1] ?? '').matchAll(/(?:^|-)([a-z0-9]{2})((?:-[a-z0-9]{3,8})*)/g)) keywords[key] = value.slice(1);
  return keywords;
}

// A constructor of the polyfills that looks at its locales first.
function checked(name) {
  const Original = Intl[name];
  const callable = name === 'NumberFormat' || name === 'DateTimeFormat';
  function Made(locales, options) {
    if (new.target === undefined && !callable) throw new TypeError(`Constructor Intl.${name} requires 'new'`);
    resolveLocale(locales);
    // Without a wish, the region is that of Node without settings: data of `en` is that of `en-US`.
    return Reflect.construct(Original, [locales ?? 'en-US', options], new.target ?? Made);
  }
  Object.defineProperty(Made, 'name', { value: name, configurable: true });
  Object.defineProperty(Made, 'length', { value: Original.length, configurable: true });
  Object.defineProperty(Made, 'prototype', { value: Original.prototype, writable: false });
  hidden(Original.prototype, 'constructor', Made);
  hidden(Made, 'supportedLocalesOf', supportedLocalesOf);
  hidden(Intl, name, Made);
  return Made;
}

function supportedLocalesOf(locales) {
  return Intl.getCanonicalLocales(locales).filter((locale) => {
    try {
      return resolveLocale(locale) !== null;
    } catch {
      return false;
    }
  });
}

const NumberFormat = checked('NumberFormat');
const DateTimeFormat = checked('DateTimeFormat');
for (const name of ['PluralRules', 'RelativeTimeFormat', 'ListFormat', 'Segmenter']) checked(name);
const Collator = makeCollator(resolveLocale);
hidden(Collator, 'supportedLocalesOf', supportedLocalesOf);
hidden(Intl, 'Collator', Collator);
hidden(globalThis, 'Intl', Intl);
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });

class DisplayNames {
  constructor() {
    throw new RangeError('This sandbox has no names of languages, regions and currencies (Intl.DisplayNames)');
  }
  static supportedLocalesOf() {
    return [];
  }
}
hidden(Intl, 'DisplayNames', DisplayNames);

// ---- methods that format

// Formatters without options are kept: making one takes longer than using it.
function kept(Formatter, defaults) {
  const made = new Map();
  return (locales, options) => {
    if (options !== undefined || (locales !== undefined && typeof locales !== 'string')) return new Formatter(locales, defaults(options));
    let formatter = made.get(locales);
    if (formatter === undefined) {
      formatter = new Formatter(locales, defaults(undefined));
      if (made.size < 32) made.set(locales, formatter);
    }
    return formatter;
  };
}

const numbers = kept(NumberFormat, (options) => options);
const collators = kept(Collator, (options) => options);

const DATE = ['weekday', 'year', 'month', 'day'];
const TIME = ['dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits'];
const NUMERIC_DATE = { year: 'numeric', month: 'numeric', day: 'numeric' };
const NUMERIC_TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' };

// What a date is shown by when the options do not say it.
function parts(required, missing) {
  return (given) => {
    const options = given === undefined ? {} : Object(given);
    const says = required.some((name) => options[name] !== undefined) || options.dateStyle !== undefined || options.timeStyle !== undefined;
    return says ? options : { ...options, ...missing };
  };
}
const moments = kept(DateTimeFormat, parts([...DATE, ...TIME], { ...NUMERIC_DATE, ...NUMERIC_TIME }));
const dates = kept(DateTimeFormat, parts(DATE, NUMERIC_DATE));
const times = kept(DateTimeFormat, parts(TIME, NUMERIC_TIME));

const { valueOf: numberOf } = Number.prototype;
const { valueOf: bigIntOf } = BigInt.prototype;
const { getTime } = Date.prototype;

function showDate(date, formatter, locales, options) {
  const time = getTime.call(date);
  return Number.isNaN(time) ? 'Invalid Date' : formatter(locales, options).format(time);
}

const methods = [
  [Number.prototype, { toLocaleString(locales, options) { return numbers(locales, options).format(numberOf.call(this)); } }],
  [BigInt.prototype, { toLocaleString(locales, options) { return numbers(locales, options).format(bigIntOf.call(this)); } }],
  [Date.prototype, {
    toLocaleString(locales, options) { return showDate(this, moments, locales, options); },
    toLocaleDateString(locales, options) { return showDate(this, dates, locales, options); },
    toLocaleTimeString(locales, options) { return showDate(this, times, locales, options); },
  }],
  [String.prototype, {
    localeCompare(other, locales, options) {
      'use strict';
      if (this === undefined || this === null) throw new TypeError('String.prototype.localeCompare called on null or undefined');
      return collators(locales, options).compare(`${this}`, `${other}`);
    },
  }],
  [Array.prototype, {
    toLocaleString(locales, options) {
      'use strict';
      if (this === undefined || this === null) throw new TypeError('Array.prototype.toLocaleString called on null or undefined');
      const list = Object(this);
      const length = Math.min(Math.max(Math.trunc(Number(list.length)) || 0, 0), Number.MAX_SAFE_INTEGER);
      let shown = '';
      for (let at = 0; at < length; at++) {
        const value = list[at];
        if (at > 0) shown += ',';
        if (value !== undefined && value !== null) shown += `${value.toLocaleString(locales, options)}`;
      }
      return shown;
    },
  }],
];
for (const [prototype, made] of methods) {
  for (const name of Object.keys(made)) {
    // What the language says of them: all but the string to compare with is optional.
    Object.defineProperty(made[name], 'length', { value: name === 'localeCompare' ? 1 : 0, configurable: true });
    hidden(prototype, name, made[name]);
  }
}

// What is kept by the polyfills at first use is kept in the image.
(1234.5).toLocaleString();
(1234.5).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
new Date(0).toLocaleString();
new Date(0).toLocaleDateString('en-US', { dateStyle: 'long' });
'a'.localeCompare('b');
new Intl.PluralRules('en').select(1);

// fetch: refused, since a sandbox has no network. The classes around it work, for code that handles them.
import native from '../native.js';
import { Blob, File } from './blob.js';

export class Headers {
  #map = new Map();
  constructor(given) {
    if (given === undefined || given === null) return;
    const pairs = typeof given[Symbol.iterator] === 'function' ? given : Object.entries(given);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name, value) {
    const key = keyOf(name);
    this.#map.set(key, this.#map.has(key) ? `${this.#map.get(key)}, ${`${value}`.trim()}` : `${value}`.trim());
  }
  delete(name) {
    this.#map.delete(keyOf(name));
  }
  get(name) {
    return this.#map.get(keyOf(name)) ?? null;
  }
  getSetCookie() {
    return this.#map.has('set-cookie') ? [this.#map.get('set-cookie')] : [];
  }
  has(name) {
    return this.#map.has(keyOf(name));
  }
  set(name, value) {
    this.#map.set(keyOf(name), `${value}`.trim());
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  entries() {
    return [...this.#map].sort(([one], [other]) => (one < other ? -1 : 1))[Symbol.iterator]();
  }
  *keys() {
    for (const [name] of this.entries()) yield name;
  }
  *values() {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

function keyOf(name) {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`Headers: invalid name ${name}`);
  return `${name}`.toLowerCase();
}

class Body {
  #bytes;
  #used = false;
  constructor(body) {
    this.#bytes = body === null || body === undefined ? null : new Blob([body instanceof URLSearchParams ? `${body}` : body])._bytes();
  }
  get bodyUsed() {
    return this.#used;
  }
  get body() {
    return this.#bytes === null ? null : new Blob([this.#bytes]).stream();
  }
  async bytes() {
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
    this.#used = true;
    return (this.#bytes ?? new Uint8Array()).slice();
  }
  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }
  async json() {
    return JSON.parse(await this.text());
  }
  async text() {
    return native.decode(await this.bytes());
  }
}

export class Request extends Body {
  constructor(input, options = {}) {
    super(options.body);
    this.url = typeof input === 'string' ? new URL(input).href : (input.href ?? input.url);
    this.method = (options.method ?? input.method ?? 'GET').toUpperCase();
    this.headers = new Headers(options.headers ?? input.headers);
    this.signal = options.signal ?? null;
  }
}

export class Response extends Body {
  constructor(body, { status = 200, statusText = '', headers } = {}) {
    super(body);
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    this.type = 'default';
    this.url = '';
    this.redirected = false;
  }
  get ok() {
    return this.status >= 200 && this.status < 300;
  }
  static json(data, options = {}) {
    const response = new Response(JSON.stringify(data), options);
    if (!response.headers.has('content-type')) response.headers.set('content-type', 'application/json');
    return response;
  }
  static error() {
    return Object.assign(new Response(null), { status: 0, type: 'error' });
  }
}

export class FormData {
  #entries = [];
  append(name, value, filename) {
    this.#entries.push([`${name}`, value instanceof Blob ? (value instanceof File && filename === undefined ? value : new File([value], filename ?? 'blob', { type: value.type })) : `${value}`]);
  }
  delete(name) {
    this.#entries = this.#entries.filter(([key]) => key !== name);
  }
  get(name) {
    return this.#entries.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name) {
    return this.#entries.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name) {
    return this.#entries.some(([key]) => key === name);
  }
  set(name, value, filename) {
    this.delete(name);
    this.append(name, value, filename);
  }
  forEach(callback, self) {
    for (const [name, value] of this.#entries) callback.call(self, value, name, this);
  }
  entries() {
    return this.#entries[Symbol.iterator]();
  }
  *keys() {
    for (const [name] of this.#entries) yield name;
  }
  *values() {
    for (const [, value] of this.#entries) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

export async function fetch(input) {
  const address = typeof input === 'string' ? input : (input?.href ?? input?.url ?? `${input}`);
  const cause = new Error(`this sandbox has no network: ${address} cannot be reached`);
  cause.code = 'EACCES';
  throw new TypeError('fetch failed', { cause });
}

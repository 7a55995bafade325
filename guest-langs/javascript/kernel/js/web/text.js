// TextEncoder and TextDecoder: UTF-8 by the engine, UTF-16 and Latin-1 here.
import native from '../native.js';
import { hidden } from '../primordials.js';

const LABELS = new Map([
  ...['utf-8', 'utf8', 'unicode-1-1-utf-8'].map((label) => [label, 'utf-8']),
  ...['utf-16le', 'utf-16', 'ucs-2', 'unicode', 'iso-10646-ucs-2', 'csunicode'].map((label) => [label, 'utf-16le']),
  ['utf-16be', 'utf-16be'],
  ...['latin1', 'iso-8859-1', 'ascii', 'us-ascii', 'windows-1252', 'l1', 'cp1252', 'x-cp1252', 'iso8859-1', 'ansi_x3.4-1968'].map((label) => [label, 'windows-1252']),
]);
const HIGH = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

export class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(text = '') {
    return native.encode(`${text}`.toWellFormed());
  }
  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    for (const character of `${text}`.toWellFormed()) {
      const bytes = native.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

function bytesOf(input) {
  if (input === undefined) return new Uint8Array();
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (input instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && input instanceof SharedArrayBuffer)) return new Uint8Array(input);
  const error = new TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView.');
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

// How many bytes at the end begin a character that is not whole yet.
function unfinished(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf5 && needed > back ? back : 0;
  }
  return 0;
}

export class TextDecoder {
  #left = new Uint8Array();
  #started = false;
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    const encoding = LABELS.get(`${label}`.trim().toLowerCase());
    if (encoding === undefined) {
      const error = new RangeError(`The "${label}" encoding is not supported`);
      error.code = 'ERR_ENCODING_NOT_SUPPORTED';
      throw error;
    }
    this.encoding = encoding;
    this.fatal = !!fatal;
    this.ignoreBOM = !!ignoreBOM;
  }
  decode(input, { stream = false } = {}) {
    let bytes = bytesOf(input);
    if (this.#left.length > 0) {
      const joined = new Uint8Array(this.#left.length + bytes.length);
      joined.set(this.#left);
      joined.set(bytes, this.#left.length);
      bytes = joined;
      this.#left = new Uint8Array();
    }
    if (stream) {
      const rest = this.encoding === 'utf-8' ? unfinished(bytes) : this.encoding === 'windows-1252' ? 0 : bytes.length & 1;
      this.#left = bytes.slice(bytes.length - rest);
      bytes = bytes.subarray(0, bytes.length - rest);
    }
    let text = this.#text(bytes);
    if (!this.#started && text !== '') {
      if (!this.ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      this.#started = true;
    }
    if (!stream) this.#started = false;
    return text;
  }
  #text(bytes) {
    if (this.encoding === 'utf-8') {
      const text = native.decode(bytes);
      // U+FFFD may have been written as itself.
      if (this.fatal && text.includes('\ufffd') && !same(native.encode(text), bytes)) this.#fail();
      return text;
    }
    let text = '';
    if (this.encoding === 'windows-1252') {
      for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? HIGH[byte - 0x80] : String.fromCharCode(byte);
      return text;
    }
    const [low, high] = this.encoding === 'utf-16le' ? [0, 1] : [1, 0];
    for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at + low] | (bytes[at + high] << 8));
    if (bytes.length & 1) text += '\ufffd';
    if (this.fatal && (!text.isWellFormed() || bytes.length & 1)) this.#fail();
    return text.toWellFormed();
  }
  #fail() {
    const error = new TypeError(`The encoded data was not valid for encoding ${this.encoding}`);
    error.code = 'ERR_ENCODING_INVALID_ENCODED_DATA';
    throw error;
  }
}

function same(one, other) {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

// The packages behind the other globals look for these when they are loaded.
hidden(globalThis, 'TextEncoder', TextEncoder);
hidden(globalThis, 'TextDecoder', TextDecoder);

// Blob and File.
import { ReadableStream } from 'web-streams-polyfill';
import native from '../native.js';

function bytesOf(part) {
  if (part instanceof Blob) return part._bytes();
  if (part instanceof ArrayBuffer) return new Uint8Array(part).slice();
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice();
  return native.encode(`${part}`.toWellFormed());
}

export class Blob {
  #bytes;
  #type;
  constructor(parts = [], { type = '', endings = 'transparent' } = {}) {
    if (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function') {
      throw new TypeError('The "sources" argument must be an instance of Iterable.');
    }
    const chunks = Array.from(parts, (part) => bytesOf(endings === 'native' && typeof part === 'string' ? part.replace(/\r\n?/g, '\n') : part));
    this.#bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      this.#bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#type = /^[\x20-\x7e]*$/.test(type) ? `${type}`.toLowerCase() : '';
  }
  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }
  _bytes() {
    return this.#bytes;
  }
  slice(start = 0, end = this.size, type = '') {
    return new Blob([this.#bytes.slice(start, end)], { type });
  }
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }
  async bytes() {
    return this.#bytes.slice();
  }
  async text() {
    return native.decode(this.#bytes);
  }
  stream() {
    const bytes = this.#bytes;
    return new ReadableStream({
      type: 'bytes',
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes.slice());
        controller.close();
      },
    });
  }
  get [Symbol.toStringTag]() {
    return 'Blob';
  }
}

export class File extends Blob {
  #name;
  #lastModified;
  constructor(parts, name, options = {}) {
    super(parts, options);
    this.#name = `${name}`;
    this.#lastModified = options.lastModified ?? Date.now();
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
  get [Symbol.toStringTag]() {
    return 'File';
  }
}

// crypto of the web: randomness, digests, HMAC, AES and derived keys.
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import native from '../native.js';
import { hashOf } from './hashes.js';

const INTEGERS = /^(Big)?(U?int)(8|16|32|64)(Clamped)?Array$/i;
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

export function randomBytes(length) {
  const bytes = new Uint8Array(length);
  native.random(bytes);
  return bytes;
}

function getRandomValues(array) {
  if (!ArrayBuffer.isView(array) || !INTEGERS.test(kindOf.call(array))) throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
  if (array.byteLength > 65536) throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError');
  native.random(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return array;
}

export function randomUUID() {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = bytes.toHex();
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

const bytesOf = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));
const bufferOf = (bytes) => bytes.slice().buffer;
const secrets = new WeakMap();
let making = false;

export class CryptoKey {
  constructor(type, algorithm, extractable, usages) {
    if (!making) throw new TypeError('Illegal constructor');
    making = false;
    Object.assign(this, { type, algorithm, extractable, usages });
    Object.freeze(this);
  }
}

function keyFrom(bytes, algorithm, extractable, usages) {
  making = true;
  const key = new CryptoKey('secret', algorithm, !!extractable, [...usages]);
  secrets.set(key, bytes.slice());
  return key;
}

const named = (algorithm) => (typeof algorithm === 'string' ? { name: algorithm } : { ...algorithm });

function hashFor(algorithm) {
  const name = named(algorithm).name;
  const hash = /^sha-(1|256|384|512)$/i.test(name) ? hashOf(name) : undefined;
  if (hash === undefined) throw unsupported(name);
  return hash;
}

function unsupported(name) {
  return new DOMException(`Unrecognized algorithm name: ${name}`, 'NotSupportedError');
}

function secretOf(key, usage) {
  const secret = secrets.get(key);
  if (secret === undefined) throw new TypeError('not a CryptoKey');
  if (!key.usages.includes(usage)) throw new DOMException(`The requested operation is not valid for the provided key`, 'InvalidAccessError');
  return secret;
}

function cipher(algorithm, key, usage) {
  const { name, iv, counter, additionalData, length, tagLength = 128 } = named(algorithm);
  const secret = secretOf(key, usage);
  switch (name.toUpperCase()) {
    case 'AES-GCM':
      if (tagLength !== 128) throw unsupported(`${name} with a tag of ${tagLength} bits`);
      return gcm(secret, bytesOf(iv), additionalData && bytesOf(additionalData));
    case 'AES-CBC':
      return cbc(secret, bytesOf(iv));
    case 'AES-CTR':
      if (length === undefined) throw new TypeError('AES-CTR needs a length');
      return ctr(secret, bytesOf(counter));
    default:
      throw unsupported(name);
  }
}

function derive(algorithm, key, bits) {
  const { name, hash, salt, info, iterations } = named(algorithm);
  const secret = secrets.get(key);
  const options = { dkLen: bits / 8 };
  if (/^pbkdf2$/i.test(name)) return pbkdf2(hashFor(hash), secret, bytesOf(salt), { ...options, c: iterations });
  if (/^hkdf$/i.test(name)) return hkdf(hashFor(hash), secret, bytesOf(salt), bytesOf(info), options.dkLen);
  throw unsupported(name);
}

export class SubtleCrypto {
  async digest(algorithm, data) {
    return bufferOf(hashFor(algorithm)(bytesOf(data)));
  }
  async generateKey(algorithm, extractable, usages) {
    const given = named(algorithm);
    const aes = /^AES-(GCM|CBC|CTR)$/i.test(given.name);
    if (!aes && !/^HMAC$/i.test(given.name)) throw unsupported(given.name);
    const length = given.length ?? (aes ? 256 : hashFor(given.hash).blockLen * 8);
    const about = aes ? { name: given.name.toUpperCase(), length } : { name: 'HMAC', hash: named(given.hash), length };
    return keyFrom(randomBytes(length / 8), about, extractable, usages);
  }
  async importKey(format, data, algorithm, extractable, usages) {
    const given = named(algorithm);
    let bytes;
    if (format === 'raw') bytes = bytesOf(data);
    else if (format === 'jwk' && data.kty === 'oct') bytes = Uint8Array.fromBase64(data.k, { alphabet: 'base64url' });
    else throw unsupported(`${given.name} as ${format}`);
    if (!/^(AES-(GCM|CBC|CTR)|HMAC|PBKDF2|HKDF)$/i.test(given.name)) throw unsupported(given.name);
    const about = { name: given.name.toUpperCase(), length: bytes.length * 8 };
    if (given.hash !== undefined) about.hash = named(given.hash);
    return keyFrom(bytes, about, extractable, usages);
  }
  async exportKey(format, key) {
    if (!key.extractable) throw new DOMException('key is not extractable', 'InvalidAccessError');
    const secret = secrets.get(key);
    if (format === 'raw') return bufferOf(secret);
    if (format === 'jwk') return { kty: 'oct', k: secret.toBase64({ alphabet: 'base64url', omitPadding: true }), key_ops: key.usages, ext: true };
    throw unsupported(format);
  }
  async sign(algorithm, key, data) {
    if (!/^HMAC$/i.test(named(algorithm).name)) throw unsupported(named(algorithm).name);
    return bufferOf(hmac(hashFor(key.algorithm.hash), secretOf(key, 'sign'), bytesOf(data)));
  }
  async verify(algorithm, key, signature, data) {
    if (!/^HMAC$/i.test(named(algorithm).name)) throw unsupported(named(algorithm).name);
    return equal(hmac(hashFor(key.algorithm.hash), secretOf(key, 'verify'), bytesOf(data)), bytesOf(signature));
  }
  async encrypt(algorithm, key, data) {
    return bufferOf(cipher(algorithm, key, 'encrypt').encrypt(bytesOf(data)));
  }
  async decrypt(algorithm, key, data) {
    const ready = cipher(algorithm, key, 'decrypt');
    try {
      return bufferOf(ready.decrypt(bytesOf(data)));
    } catch {
      throw new DOMException('The operation failed for an operation-specific reason', 'OperationError');
    }
  }
  async deriveBits(algorithm, key, length) {
    return bufferOf(derive(algorithm, key, length));
  }
  async deriveKey(algorithm, key, wanted, extractable, usages) {
    const given = named(wanted);
    const length = given.length ?? hashFor(given.hash).blockLen * 8;
    return this.importKey('raw', derive(algorithm, key, length), given, extractable, usages);
  }
}

export function equal(one, other) {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= one[at] ^ other[at];
  return difference === 0;
}

export const crypto = { getRandomValues, randomUUID, subtle: new SubtleCrypto() };
Object.defineProperty(crypto, Symbol.toStringTag, { value: 'Crypto', configurable: true });

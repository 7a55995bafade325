// crypto of Node: hashes, HMAC, AES, derived keys, randomness. Keys of two halves and TLS there are none.
import { Buffer } from 'buffer';
import { cbc, ctr, ecb, gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import stream from 'stream';
import { register } from '../modules/builtins.js';
import { process } from '../process.js';
import { crypto as webcrypto, equal, randomBytes as random, randomUUID } from '../web/crypto.js';
import { hashNames, hashOf } from '../web/hashes.js';

const bytesOf = (data, encoding) => (typeof data === 'string' ? Buffer.from(data, encoding) : data instanceof ArrayBuffer ? new Uint8Array(data) : data instanceof KeyObject ? data._bytes : new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const wrap = (bytes, encoding) => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
};

function failure(code, message) {
  const error = new Error(message);
  error.code = code;
  return error;
}

function hashFor(name) {
  const hash = hashOf(name);
  if (hash === undefined) throw failure('ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`);
  return hash;
}

// Both hash and HMAC: updated in parts, or written to as a stream.
class Digest extends stream.Transform {
  #state;
  #done = false;
  constructor(state) {
    super();
    this.#state = state;
  }
  update(data, encoding) {
    if (this.#done) throw failure('ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#state.update(bytesOf(data, encoding));
    return this;
  }
  digest(encoding) {
    if (this.#done) throw failure('ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#done = true;
    return wrap(this.#state.digest(), encoding);
  }
  copy() {
    return new this.constructor(this.#state.clone());
  }
  _transform(chunk, encoding, done) {
    this.update(chunk, encoding);
    done();
  }
  _flush(done) {
    this.push(this.digest());
    done();
  }
}
class Hash extends Digest {}
class Hmac extends Digest {}

class KeyObject {
  constructor(bytes) {
    this.type = 'secret';
    Object.defineProperty(this, '_bytes', { value: bytes });
  }
  get symmetricKeySize() {
    return this._bytes.length;
  }
  export({ format } = {}) {
    return format === 'jwk' ? { kty: 'oct', k: wrap(this._bytes, 'base64url') } : wrap(this._bytes);
  }
  equals(other) {
    return equal(this._bytes, other._bytes);
  }
}

// AES in the modes that are used. Works on the whole text at the end.
class Cipher extends stream.Transform {
  #parts = [];
  #extra;
  #tag;
  #padded = true;
  constructor(name, key, iv, encrypts) {
    super();
    const found = /^aes-?(128|192|256)-(gcm|cbc|ctr|ecb)$/i.exec(name);
    if (found === null) throw failure('ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
    this.mode = found[2].toLowerCase();
    this.key = bytesOf(key);
    this.iv = iv === null ? null : bytesOf(iv);
    this.encrypts = encrypts;
    if (this.key.length * 8 !== Number(found[1])) throw Object.assign(new RangeError('Invalid key length'), { code: 'ERR_CRYPTO_INVALID_KEYLEN' });
    if (this.mode !== 'ecb' && (this.iv === null || (this.mode !== 'gcm' && this.iv.length !== 16))) throw Object.assign(new TypeError('Invalid initialization vector'), { code: 'ERR_CRYPTO_INVALID_IV' });
  }
  update(data, inputEncoding, outputEncoding) {
    this.#parts.push(bytesOf(data, inputEncoding));
    return outputEncoding && outputEncoding !== 'buffer' ? '' : Buffer.alloc(0);
  }
  final(encoding) {
    let text = Buffer.concat(this.#parts);
    if (this.mode === 'gcm' && !this.encrypts) {
      if (this.#tag === undefined) throw failure('ERR_OSSL_EVP_UNSUPPORTED', 'Unsupported state or unable to authenticate data');
      text = Buffer.concat([text, this.#tag]);
    }
    const options = { disablePadding: !this.#padded };
    const modes = { gcm: () => gcm(this.key, this.iv, this.#extra), cbc: () => cbc(this.key, this.iv, options), ctr: () => ctr(this.key, this.iv), ecb: () => ecb(this.key, options) };
    let made;
    try {
      made = this.encrypts ? modes[this.mode]().encrypt(text) : modes[this.mode]().decrypt(text);
    } catch {
      throw this.mode === 'gcm' ? new Error('Unsupported state or unable to authenticate data') : failure('ERR_OSSL_BAD_DECRYPT', 'error:1C800064:Provider routines::bad decrypt');
    }
    if (this.mode === 'gcm' && this.encrypts) {
      this.#tag = Buffer.from(made.slice(-16));
      made = made.slice(0, -16);
    }
    return wrap(made, encoding);
  }
  setAAD(data) {
    this.#extra = bytesOf(data);
    return this;
  }
  getAuthTag() {
    return this.#tag;
  }
  setAuthTag(tag) {
    this.#tag = bytesOf(tag);
    return this;
  }
  setAutoPadding(padded = true) {
    this.#padded = padded;
    return this;
  }
  _transform(chunk, encoding, done) {
    this.update(chunk, encoding);
    done();
  }
  _flush(done) {
    try {
      this.push(this.final());
      done();
    } catch (error) {
      done(error);
    }
  }
}

// A function with a callback as its last argument, beside the one that answers at once.
function both(name, work) {
  return {
    [`${name}Sync`]: work,
    [name](...args) {
      const callback = args.pop();
      let made;
      try {
        made = work(...args);
      } catch (error) {
        process.nextTick(callback, error);
        return;
      }
      process.nextTick(callback, null, made);
    },
  };
}

function randomBytes(size, callback) {
  const bytes = wrap(random(size));
  if (callback === undefined) return bytes;
  process.nextTick(callback, null, bytes);
  return undefined;
}

function randomFillSync(buffer, offset = 0, size = buffer.byteLength - offset) {
  bytesOf(buffer).set(random(size), offset);
  return buffer;
}

function randomInt(low, high, callback) {
  if (high === undefined || typeof high === 'function') [low, high, callback] = [0, low, high];
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || high <= low || high - low > 2 ** 48) throw Object.assign(new RangeError('The value of "max" is out of range.'), { code: 'ERR_OUT_OF_RANGE' });
  const range = high - low;
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value;
  do value = wrap(random(6)).readUIntBE(0, 6);
  while (value >= limit);
  if (callback === undefined) return low + (value % range);
  process.nextTick(callback, null, low + (value % range));
  return undefined;
}

const NO_PAIRS = ['createSign', 'createVerify', 'createDiffieHellman', 'createECDH', 'createPrivateKey', 'createPublicKey', 'diffieHellman', 'generateKeyPair', 'generateKeyPairSync', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'publicEncrypt', 'sign', 'verify', 'X509Certificate'];

const crypto = {
  ...both('pbkdf2', (password, salt, iterations, length, digest) => wrap(pbkdf2(hashFor(digest), bytesOf(password), bytesOf(salt), { c: iterations, dkLen: length }))),
  ...both('scrypt', (password, salt, length, { N = 16384, r = 8, p = 1, cost = N, blockSize = r, parallelization = p } = {}) => wrap(scrypt(bytesOf(password), bytesOf(salt), { N: cost, r: blockSize, p: parallelization, dkLen: length }))),
  ...both('hkdf', (digest, key, salt, info, length) => hkdf(hashFor(digest), bytesOf(key), bytesOf(salt), bytesOf(info), length).slice().buffer),
  ...both('randomFill', randomFillSync),
  Hash,
  Hmac,
  KeyObject,
  constants: {},
  createCipheriv: (name, key, iv) => new Cipher(name, key, iv, true),
  createDecipheriv: (name, key, iv) => new Cipher(name, key, iv, false),
  createHash: (name) => {
    const hash = hashOf(name);
    if (hash === undefined) throw new Error('Digest method not supported');
    return new Hash(hash.create());
  },
  createHmac: (name, key, options) => new Hmac(hmac.create(hashFor(name), bytesOf(key, options?.encoding))),
  createSecretKey: (key, encoding) => new KeyObject(bytesOf(key, encoding)),
  getCiphers: () => ['128', '192', '256'].flatMap((bits) => ['cbc', 'ctr', 'ecb', 'gcm'].map((mode) => `aes-${bits}-${mode}`)),
  getCurves: () => [],
  getHashes: hashNames,
  getRandomValues: webcrypto.getRandomValues,
  hash: (name, data, encoding = 'hex') => wrap(hashFor(name)(bytesOf(data)), encoding),
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomInt,
  randomUUID,
  subtle: webcrypto.subtle,
  timingSafeEqual(one, other) {
    const [a, b] = [bytesOf(one), bytesOf(other)];
    if (a.length !== b.length) throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' });
    return equal(a, b);
  },
  webcrypto,
};
for (const name of NO_PAIRS) {
  crypto[name] = () => {
    throw failure('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `crypto.${name} is not available in this sandbox`);
  };
}
register('crypto', () => crypto);

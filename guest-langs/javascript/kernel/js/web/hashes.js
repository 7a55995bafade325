// Digests by name, for both APIs.
import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';

const HASHES = {
  __proto__: null,
  md5,
  rmd160: ripemd160,
  ripemd160,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha512-256': sha512_256,
  'sha3-224': sha3_224,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
  blake2b512: blake2b,
  blake2s256: blake2s,
};

export const hashNames = () => Object.keys(HASHES);

// `sha256`, `SHA-256` and `RSA-SHA256` are the same.
export function hashOf(name) {
  const plain = `${name}`.toLowerCase().replace(/^rsa-/, '');
  return HASHES[plain] ?? HASHES[plain.replace(/^sha-/, 'sha')];
}

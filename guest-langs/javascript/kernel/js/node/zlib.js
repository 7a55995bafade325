// zlib over fflate: the functions, and streams that work on whole contents.
import { Buffer } from 'buffer';
import stream from 'stream';
import { deflateSync, gunzipSync, gzipSync, inflateSync, unzlibSync, zlibSync } from 'fflate';
import { process } from '../process.js';

const bytesOf = (data) => (typeof data === 'string' ? Buffer.from(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const options = (given) => ({ level: given?.level === undefined || given.level < 0 ? 6 : given.level, mtime: 0, ...(given?.dictionary && { dictionary: bytesOf(given.dictionary) }) });

function wrong(error) {
  const failure = new Error(error.message || 'incorrect data');
  failure.code = 'Z_DATA_ERROR';
  failure.errno = -3;
  return failure;
}

function unzip(data) {
  return data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : unzlibSync(data);
}

const kinds = {
  gzip: gzipSync,
  gunzip: gunzipSync,
  deflate: zlibSync,
  inflate: unzlibSync,
  deflateRaw: deflateSync,
  inflateRaw: inflateSync,
  unzip,
};

export const zlib = {
  constants: { Z_NO_FLUSH: 0, Z_SYNC_FLUSH: 2, Z_FINISH: 4, Z_OK: 0, Z_STREAM_END: 1, Z_DATA_ERROR: -3, Z_BUF_ERROR: -5, Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_DEFAULT_STRATEGY: 0 },
};

for (const [name, work] of Object.entries(kinds)) {
  const sync = (data, given) => {
    try {
      const made = work(bytesOf(data), options(given));
      return Buffer.from(made.buffer, made.byteOffset, made.byteLength);
    } catch (error) {
      throw wrong(error);
    }
  };
  zlib[`${name}Sync`] = sync;
  zlib[name] = (data, given, done) => {
    const callback = typeof given === 'function' ? given : done;
    let made;
    try {
      made = sync(data, typeof given === 'function' ? undefined : given);
    } catch (error) {
      process.nextTick(callback, error);
      return;
    }
    process.nextTick(callback, null, made);
  };
  const title = name[0].toUpperCase() + name.slice(1);
  zlib[`create${title}`] = (given) => {
    const parts = [];
    return new stream.Transform({
      transform(chunk, encoding, done) {
        parts.push(chunk);
        done();
      },
      flush(done) {
        try {
          done(null, sync(Buffer.concat(parts), given));
        } catch (error) {
          done(error);
        }
      },
    });
  };
}
for (const name of ['brotliCompress', 'brotliDecompress', 'zstdCompress', 'zstdDecompress']) {
  const absent = () => {
    throw new Error(`zlib.${name} is not available in this sandbox`);
  };
  zlib[name] = absent;
  zlib[`${name}Sync`] = absent;
}

let table;
zlib.crc32 = (data, value = 0) => {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let crc = ~value;
  for (const byte of bytesOf(data)) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
};

// Streams over the ends of pipes: what the event loop watches.
import { Buffer } from 'buffer';
import stream from 'stream';
import { unwatchReader, unwatchWriter, watchReader, watchWriter } from '../loop.js';
import native from '../native.js';

const READ_BYTES = 65536;
// A pipe that is ready takes so many bytes at once without waiting.
const WRITE_BYTES = 4096;

// A Readable over a descriptor, which is closed at its end.
export function reader(fd) {
  return new stream.Readable({
    read() {
      watchReader(fd, () => {
        unwatchReader(fd);
        const bytes = Buffer.alloc(READ_BYTES);
        let count = 0;
        try {
          count = native.read(fd, bytes, 0, bytes.length, -1);
        } catch (error) {
          this.destroy(error);
          return;
        }
        this.push(count > 0 ? bytes.subarray(0, count) : null);
      });
    },
    destroy(error, done) {
      unwatchReader(fd);
      if (fd > 2) close(fd);
      done(error);
    },
  });
}

// A Writable over a descriptor, which is closed at its end.
export function writer(fd) {
  return new stream.Writable({
    write(chunk, encoding, done) {
      let rest = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      const go = () => {
        try {
          const count = native.write(fd, rest, 0, Math.min(rest.length, WRITE_BYTES), -1);
          rest = rest.subarray(count);
        } catch {
          unwatchWriter(fd);
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32, syscall: 'write' }));
          return;
        }
        if (rest.length === 0) {
          unwatchWriter(fd);
          done();
        }
      };
      if (rest.length === 0) done();
      else watchWriter(fd, go);
    },
    final(done) {
      close(fd);
      done();
    },
    destroy(error, done) {
      unwatchWriter(fd);
      close(fd);
      done(error);
    },
  });
}

export function close(fd) {
  try {
    native.close(fd);
  } catch {
    // It was closed before.
  }
}

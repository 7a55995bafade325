// Standard output and standard error: one write, one frame.
import native from './native.js';

export const STDOUT = 1;
export const STDERR = 2;

export function write(kind, data) {
  if (data instanceof Uint8Array) native.emit(kind, data);
  else if (ArrayBuffer.isView(data)) native.emit(kind, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  else native.emit(kind, `${data}`);
}

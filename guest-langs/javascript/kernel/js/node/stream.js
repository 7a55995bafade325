// stream: Node's own, as the package readable-stream keeps it.
import stream from 'stream';

export const streamModule = stream;
stream.promises ??= {};

// Modules that a sandbox does not have: they can be imported, and say so when they are used.
import { EventEmitter } from 'events';
import { register } from '../modules/builtins.js';

function absent(module, reason) {
  return (name) => {
    const refuse = function refuse() {
      const error = new Error(`${module}.${name} is not available in this sandbox: ${reason}`);
      error.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
      throw error;
    };
    Object.defineProperty(refuse, 'name', { value: name });
    return refuse;
  };
}

function offer(module, reason, functions, more = {}) {
  const refuse = absent(module, reason);
  register(module, () => ({ ...Object.fromEntries(functions.map((name) => [name, refuse(name)])), ...more }));
}

const NO_NETWORK = 'it has no network';
const NO_PROCESSES = 'a process is not forked';

offer('cluster', NO_PROCESSES, ['fork', 'setupPrimary', 'disconnect'], { isPrimary: true, isMaster: true, isWorker: false, workers: {} });
offer('worker_threads', 'it has one thread', ['Worker', 'MessageChannel', 'BroadcastChannel'], {
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
});
offer('net', NO_NETWORK, ['connect', 'createConnection', 'createServer', 'Server', 'Socket', 'Stream'], {
  isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
  isIPv4: (text) => isIPv4(text),
  isIPv6: (text) => isIPv6(text),
});
offer('tls', NO_NETWORK, ['connect', 'createServer', 'createSecureContext', 'TLSSocket', 'Server'], { rootCertificates: [] });
offer('dgram', NO_NETWORK, ['createSocket', 'Socket']);
offer('dns', NO_NETWORK, ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse', 'setServers', 'getServers', 'Resolver'], { promises: {} });
offer('dns/promises', NO_NETWORK, ['lookup', 'resolve', 'resolve4', 'resolve6', 'Resolver']);
offer('inspector', 'it cannot be debugged', ['open', 'Session'], { url: () => undefined, close() {}, console: {} });
offer('v8', 'its engine is another', ['serialize', 'deserialize', 'writeHeapSnapshot', 'getHeapSnapshot'], {
  getHeapStatistics: () => ({ total_heap_size: 0, used_heap_size: 0, heap_size_limit: 2 ** 32 }),
  setFlagsFromString() {},
});
offer('repl', 'cells are its prompt', ['start', 'REPLServer']);
offer('wasi', 'it has no WebAssembly', ['WASI']);
offer('sqlite', 'it is not built in', ['DatabaseSync']);
offer('test', 'there is no runner', ['test', 'describe', 'it', 'before', 'after']);
offer('readline', 'standard input is not interactive', ['createInterface', 'Interface', 'question'], {
  clearLine: () => true,
  cursorTo: () => true,
  moveCursor: () => true,
  clearScreenDown: () => true,
  emitKeypressEvents() {},
});
offer('readline/promises', 'standard input is not interactive', ['createInterface', 'Interface']);

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
const STATUS_CODES = { 200: 'OK', 201: 'Created', 204: 'No Content', 301: 'Moved Permanently', 302: 'Found', 304: 'Not Modified', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 410: 'Gone', 418: "I'm a Teapot", 422: 'Unprocessable Entity', 429: 'Too Many Requests', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' };
for (const module of ['http', 'https', 'http2']) {
  class Agent extends EventEmitter {}
  class Message extends EventEmitter {}
  offer(module, NO_NETWORK, ['request', 'get', 'createServer', 'connect', 'Server', 'ClientRequest', 'createSecureServer'], {
    METHODS,
    STATUS_CODES,
    Agent,
    IncomingMessage: class IncomingMessage extends Message {},
    OutgoingMessage: class OutgoingMessage extends Message {},
    ServerResponse: class ServerResponse extends Message {},
    globalAgent: new Agent(),
    maxHeaderSize: 16384,
    constants: {},
    validateHeaderName() {},
    validateHeaderValue() {},
  });
}

const isIPv4 = (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(`${text}`) && !`${text}`.endsWith('.');

function isIPv6(text) {
  const parts = `${text}`.replace(/%.*$/, '').split('::');
  if (parts.length > 2) return false;
  const groups = parts.map((part) => (part === '' ? [] : part.split(':')));
  let count = 0;
  for (const [at, group] of groups.flat().entries()) {
    const last = at === groups.flat().length - 1;
    if (last && isIPv4(group)) count += 2;
    else if (/^[\da-f]{1,4}$/i.test(group)) count++;
    else return false;
  }
  return parts.length === 2 ? count < 8 : count === 8;
}

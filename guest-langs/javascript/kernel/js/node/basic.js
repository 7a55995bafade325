// Built-in modules that are packages, or little more than tables.
import assertModule from 'assert';
import bufferModule from 'buffer';
import events from 'events';
import path from 'path-browserify';
import punycode from 'punycode';
import querystring from 'querystring-es3';
import stringDecoder from 'string_decoder';
import { console } from '../console.js';
import native from '../native.js';
import { register } from '../modules/builtins.js';
import { Module } from '../modules/require.js';
import { process } from '../process.js';
import { web } from '../web/index.js';
import { asyncHooks } from './async-hooks.js';
import { eventsExtras } from './events.js';
import { os } from './os.js';
import { streamModule } from './stream.js';
import { timers, timersPromises } from './timers.js';
import { url } from './url.js';
import { types, util } from './util.js';
import { vm } from './vm.js';
import { zlib } from './zlib.js';

path.posix = path;
path.win32 ??= path;
path.matchesGlob ??= undefined;

process.getBuiltinModule = (name) => {
  const plain = `${name}`.replace(/^node:/, '');
  return Module.isBuiltin(plain) ? Module._load(plain) : undefined;
};

Object.assign(events, eventsExtras, { EventEmitter: events, default: events });
Object.assign(bufferModule, {
  Blob: web.Blob,
  File: web.File,
  atob: globalThis.atob,
  btoa: globalThis.btoa,
  constants: { MAX_LENGTH: bufferModule.kMaxLength, MAX_STRING_LENGTH: (1 << 30) - 1 },
  isUtf8: (bytes) => !native.decode(new Uint8Array(bytes.buffer ?? bytes)).includes('\ufffd'),
  isAscii: (bytes) => new Uint8Array(bytes.buffer ?? bytes).every((byte) => byte < 128),
  transcode: (bytes, from, to) => bufferModule.Buffer.from(bytes.toString(from), to),
});

const assert = assertModule;
assert.strict ??= assert;
querystring.unescape ??= decodeURIComponent;
querystring.escape ??= encodeURIComponent;

const performanceModule = {
  performance: web.performance,
  PerformanceObserver: class PerformanceObserver {
    static supportedEntryTypes = [];
    observe() {}
    disconnect() {}
    takeRecords() {
      return [];
    }
  },
  constants: {},
  monitorEventLoopDelay: () => ({ enable() {}, disable() {}, min: 0, max: 0, mean: 0, stddev: 0, percentile: () => 0 }),
};

const modules = {
  assert,
  'assert/strict': assert.strict,
  async_hooks: asyncHooks,
  buffer: bufferModule,
  console: Object.assign(console, { Console: class Console { constructor() { return console; } } }),
  events,
  module: Module,
  os,
  path,
  'path/posix': path,
  perf_hooks: performanceModule,
  process,
  punycode,
  querystring,
  stream: streamModule,
  'stream/promises': streamModule.promises,
  'stream/web': {
    ReadableStream: web.ReadableStream,
    WritableStream: web.WritableStream,
    TransformStream: web.TransformStream,
    ByteLengthQueuingStrategy: web.ByteLengthQueuingStrategy,
    CountQueuingStrategy: web.CountQueuingStrategy,
    ReadableStreamDefaultReader: web.ReadableStreamDefaultReader,
    TextEncoderStream: web.TextEncoderStream,
    TextDecoderStream: web.TextDecoderStream,
  },
  string_decoder: stringDecoder,
  sys: util,
  timers,
  'timers/promises': timersPromises,
  tty: { isatty: () => false, ReadStream: class ReadStream {}, WriteStream: class WriteStream {} },
  url,
  util,
  'util/types': types,
  vm,
  zlib,
  constants: os.constants.signals,
  diagnostics_channel: {
    channel: (name) => ({ name, hasSubscribers: false, publish() {}, subscribe() {}, unsubscribe: () => false, bindStore() {}, runStores: (context, call, self, ...args) => call.apply(self, args) }),
    hasSubscribers: () => false,
    subscribe() {},
    unsubscribe: () => false,
    tracingChannel: () => ({ hasSubscribers: false, subscribe() {}, unsubscribe() {}, traceSync: (call, context, self, ...args) => call.apply(self, args), tracePromise: (call, context, self, ...args) => call.apply(self, args) }),
  },
};
for (const name of Object.keys(modules)) register(name, () => modules[name]);

// The web's globals that the engine does not have.
import './text.js';
import { Buffer } from 'buffer';
import structuredClone_ from '@ungap/structured-clone';
import * as streams from 'web-streams-polyfill';
import native from '../native.js';
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from './abort.js';
import { Blob, File } from './blob.js';
import { crypto, CryptoKey, SubtleCrypto } from './crypto.js';
import { fetch, FormData, Headers, Request, Response } from './fetch.js';
import { performance } from './performance.js';
import { TextDecoderStream, TextEncoderStream } from './text-streams.js';
import { URL, URLSearchParams } from './url.js';

function structuredClone(value, options) {
  if (arguments.length === 0) throw new TypeError("The \"value\" argument must be specified");
  if (native.proxy(value) !== undefined) throw new DOMException('#<Object> could not be cloned.', 'DataCloneError');
  try {
    const clone = structuredClone_(value);
    for (const item of options?.transfer ?? []) if (item instanceof ArrayBuffer) item.transfer();
    return clone;
  } catch (error) {
    if (error instanceof TypeError) throw new DOMException(`${describe(value)} could not be cloned.`, 'DataCloneError');
    throw error;
  }
}

function describe(value) {
  return typeof value === 'object' ? '#<Object>' : String(value);
}

const navigator = { hardwareConcurrency: 1, language: 'en-US', languages: ['en-US'], platform: 'linux', userAgent: 'Node.js/22' };

export const web = {
  AbortController,
  AbortSignal,
  Blob,
  Buffer,
  ByteLengthQueuingStrategy: streams.ByteLengthQueuingStrategy,
  CountQueuingStrategy: streams.CountQueuingStrategy,
  CryptoKey,
  CustomEvent,
  Event,
  EventTarget,
  File,
  FormData,
  Headers,
  ReadableStream: streams.ReadableStream,
  ReadableStreamDefaultReader: streams.ReadableStreamDefaultReader,
  ReadableByteStreamController: streams.ReadableByteStreamController,
  Request,
  Response,
  SubtleCrypto,
  TextDecoderStream,
  TextEncoderStream,
  TransformStream: streams.TransformStream,
  URL,
  URLSearchParams,
  WritableStream: streams.WritableStream,
  crypto,
  fetch,
  navigator,
  performance,
  structuredClone,
};

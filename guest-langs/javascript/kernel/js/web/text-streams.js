// TextEncoderStream and TextDecoderStream.
import { TransformStream } from 'web-streams-polyfill';
import { TextDecoder, TextEncoder } from './text.js';

export class TextEncoderStream {
  constructor() {
    const encoder = new TextEncoder();
    Object.assign(this, pair({ transform: (chunk, controller) => controller.enqueue(encoder.encode(chunk)) }));
  }
  get encoding() {
    return 'utf-8';
  }
}

export class TextDecoderStream {
  constructor(label, options) {
    const decoder = new TextDecoder(label, options);
    const put = (controller, text) => text !== '' && controller.enqueue(text);
    Object.assign(this, pair({
      transform: (chunk, controller) => put(controller, decoder.decode(chunk, { stream: true })),
      flush: (controller) => put(controller, decoder.decode()),
    }));
    this.encoding = decoder.encoding;
  }
}

function pair(transformer) {
  const { readable, writable } = new TransformStream(transformer);
  return { readable, writable };
}

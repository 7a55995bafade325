// What packages look for while they are loaded.
import './web/atomics.js';
import './web/text.js';
import { AbortController, AbortSignal, Event, EventTarget } from './web/abort.js';
import { setTimeout } from './loop.js';
import { hidden } from './primordials.js';
import { process } from './process.js';

const found = { AbortController, AbortSignal, Event, EventTarget, global: globalThis, process, setTimeout };
for (const name of Object.keys(found)) hidden(globalThis, name, found[name]);

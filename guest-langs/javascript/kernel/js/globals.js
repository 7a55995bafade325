// The global object of cells: Node's, with what notebooks add.
import { console } from './console.js';
import { $$, display, jupyter } from './display.js';
import { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from './loop.js';
import { cellMeta } from './modules/load.js';
import { cellRequire, forgetMain } from './modules/require.js';
import { defineProperty, hidden } from './primordials.js';
import { process } from './process.js';
import { web } from './web/index.js';

export function setUp(global) {
  const everything = {
    ...web,
    $$,
    clearImmediate,
    clearInterval,
    clearTimeout,
    console,
    display,
    global,
    process,
    require: cellRequire,
    setImmediate,
    setInterval,
    setTimeout,
  };
  for (const name of Object.keys(everything)) hidden(global, name, everything[name]);
  hidden($$, 'jupyter', jupyter);
  defineProperty(global, '__importMeta', { get: cellMeta, configurable: true, enumerable: false });
  forgetMain();
}

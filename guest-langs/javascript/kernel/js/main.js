// The kernel's script: sets up the global object and answers the hooks that C calls (kernel.h).
import './early.js';
import './node/index.js';
import './intl/index.js';
import { abandon, complete, turn } from './loop.js';
import { begin, end } from './options.js';
import { report as reportError, rewrite, setInspect, show } from './inner.js';
import { inspect } from './inspect.js';
import native from './native.js';
import { exitCodeOf } from './process.js';
import { loadImport, meta, resolveImport } from './modules/load.js';
import { renew } from './renew.js';
import { setUp } from './globals.js';

setUp(globalThis);
setInspect(inspect);

// True when this is no error: process.exit(0).
function report(error, cellName, source) {
  if (native.proxy(error) === undefined && exitCodeOf(error) === 0) return true;
  reportError(error, cellName, source);
  return false;
}

export { abandon, begin, complete, end, loadImport as load, meta, renew, report, resolveImport as resolve, rewrite, show, turn };

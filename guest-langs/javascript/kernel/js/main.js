// The kernel's script: sets up the global object and answers the hooks that C calls (kernel.h).
import './early.js';
import './node/index.js';
import './intl/index.js';
import { abandon, complete, turn } from './loop.js';
import { begin, end } from './options.js';
import { report as reportError, rewrite, setInspect, show as showValue } from './inner.js';
import { inspect } from './inspect.js';
import native from './native.js';
import { exitCodeOf } from './process.js';
import { loadImport, meta, resolveImport } from './modules/load.js';
import { renew } from './renew.js';
import { setUp } from './globals.js';
import { finish, isProgram, printValue, program, uncaught } from './program.js';

setUp(globalThis);
setInspect(inspect);

// True when this is no error: process.exit(0).
function report(error, cellName, source) {
  if (native.proxy(error) === undefined && exitCodeOf(error) === 0) return true;
  if (isProgram()) return uncaught(error, cellName, source);
  reportError(error, cellName, source);
  return false;
}

function show(value) {
  if (isProgram()) printValue(value);
  else showValue(value);
}

export { abandon, begin, complete, end, loadImport as load, meta, finish, program, renew, report, resolveImport as resolve, rewrite, show, turn };

// The kernel's script: sets up the global object and answers the hooks that C calls (kernel.h).
import './early.js';
import './node/index.js';
import { abandon, complete, turn } from './loop.js';
import { report as reportError } from './errors.js';
import { begin, end } from './options.js';
import { exitCodeOf } from './process.js';
import { loadImport, meta, resolveImport } from './modules/load.js';
import { rewrite } from './rewrite.js';
import { renew } from './renew.js';
import { setUp } from './globals.js';
import { show as showValue } from './display.js';
import { finish, isProgram, printValue, program, uncaught } from './program.js';

setUp(globalThis);

// True when this is no error: process.exit(0).
function report(error, cellName, source) {
  if (exitCodeOf(error) === 0) return true;
  if (isProgram()) return uncaught(error, cellName, source);
  reportError(error, cellName, source);
  return false;
}

function show(value) {
  if (isProgram()) printValue(value);
  else showValue(value);
}

export { abandon, begin, complete, end, loadImport as load, meta, finish, program, renew, report, resolveImport as resolve, rewrite, show, turn };

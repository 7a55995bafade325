// The options of a cell: applied before it, taken back after it, all but its
// folder, where later cells go on.
import { closeGroups } from './console.js';
import { bare, endsWith, includes, keys, parse, push } from './primordials.js';
import { process } from './process.js';
import { enterFile, leaveFile } from './modules/require.js';

// enum source_kind of kernel.h.
const CELL = 0;
const JAVASCRIPT = 1;
const TYPESCRIPT = 2;
const STRICT = 3;

const KINDS = [
  ['.ts', TYPESCRIPT],
  ['.mts', TYPESCRIPT],
  ['.cts', TYPESCRIPT],
  ['.tsx', TYPESCRIPT],
  ['.mjs', STRICT],
  ['.js', JAVASCRIPT],
  ['.cjs', JAVASCRIPT],
  ['.jsx', JAVASCRIPT],
];

function kindOf(fileName) {
  for (let at = 0; at < KINDS.length; at++) if (endsWith(fileName, KINDS[at][0])) return KINDS[at][1];
  return CELL;
}

let undo = null;

export function begin(text) {
  const options = bare(parse(text));
  undo = { environment: [], argv: undefined, file: false };
  const { env } = options;
  if (env !== undefined) {
    const names = keys(env);
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      if (name === '' || includes(name, '=') || includes(name, '\0')) throw new TypeError(`no name of a variable: ${name}`);
      push(undo.environment, { name, value: process.env[name] });
      if (env[name] === null) delete process.env[name];
      else process.env[name] = env[name];
    }
  }
  if (options.cwd !== undefined) process.chdir(options.cwd);
  if (options.argv !== undefined) {
    undo.argv = process.argv;
    process.argv = [process.execPath];
    for (let at = 0; at < options.argv.length; at++) push(process.argv, options.argv[at]);
  }
  const { filename } = options;
  if (filename !== undefined) {
    enterFile(filename);
    undo.file = true;
  }
  return {
    fileName: filename,
    kind: filename === undefined ? CELL : kindOf(filename),
    silent: options.silent === true,
  };
}

export function end() {
  closeGroups();
  if (undo === null) return;
  const { environment, argv, file } = undo;
  undo = null;
  for (let at = environment.length - 1; at >= 0; at--) {
    const { name, value } = environment[at];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  if (argv !== undefined) process.argv = argv;
  if (file) leaveFile();
}

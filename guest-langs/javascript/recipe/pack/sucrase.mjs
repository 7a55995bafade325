// What is changed in sucrase, the parser of types, on its way into the bundle.
//
// An interpreter runs it: what an optimising compiler does by itself is done here. Each edit names the text that it
// replaces; a package where that text is not found exactly once is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// What the package would drop without a word, or leave to the engine, is told: namespaces of values, decorators.
const told = {
  'parser/plugins/typescript.js': [
    [
      'function tsParseModuleOrNamespaceDeclaration() {\n',
      `function tsParseModuleOrNamespaceDeclaration() {
        const start = state.start, at = state.tokens.length;
        state.namespaces = (state.namespaces ?? 0) + 1;
        __parseNamespace();
        const values = [tt._const, tt._let, tt._var, tt._function, tt._class, tt._enum];
        if (--state.namespaces === 0 && state.tokens[at - 2]?.contextualKeyword !== ContextualKeyword._declare && state.tokens.slice(at).some((token) => values.includes(token.type))) {
          unexpected('the namespace ' + input.slice(start, state.tokens[at].end) + ' cannot be compiled here: use an object or a module instead', start);
        }
      }
      function __parseNamespace() {\n`,
    ],
    ['import {isJSXEnabled, state} from', 'import {input, isJSXEnabled, state} from'],
  ],
  'parser/traverser/statement.js': [
    ['function parseDecorator() {\n', "function parseDecorator() {\n  unexpected('decorators cannot be compiled here: call the function instead');\n"],
  ],
};

// Properties that few tokens have stand on their prototype.
const rare = {
  identifierRole: 'null', jsxRole: 'null', shadowsGlobal: 'false', isAsyncOperation: 'false', contextId: 'null', rhsEndIndex: 'null',
  isExpression: 'false', numNullishCoalesceStarts: '0', numNullishCoalesceEnds: '0', isOptionalChainStart: 'false',
  isOptionalChainEnd: 'false', subscriptStartIndex: 'null', nullishStartIndex: 'null',
};
const MARKS = 'this.resultMappings[this.tokenIndex] = this.resultCode.length;\n';
const faster = {
  // Words: to their end first, then one look for a keyword. A word with other letters goes on as before.
  'parser/tokenizer/readWord.js': [
    [
      'export default function readWord() {\n',
      `const __keywords = new Map();
      function __walk(at, word) {
        if (READ_WORD_TREE[at] > -1) __keywords.set(word, READ_WORD_TREE[at]);
        for (let letter = 0; letter < 26; letter++) {
          const next = READ_WORD_TREE[at + letter + 1];
          if (next !== -1) __walk(next, word + String.fromCharCode(97 + letter));
        }
      }
      __walk(0, '');
      export default function readWord() {
        const text = input, table = IS_IDENTIFIER_CHAR, start = state.pos;
        let end = start;
        while (table[text.charCodeAt(end)]) end++;
        const after = text.charCodeAt(end);
        if (after !== charCodes.backslash && after !== charCodes.atSign) {
          const keyword = __keywords.get(text.slice(start, end));
          state.pos = end;
          if (keyword === undefined) finishToken(tt.name, 0);
          else if (keyword & 1) finishToken(keyword >>> 1, 0);
          else finishToken(tt.name, keyword >>> 1);
          return;
        }
        __readWord();
      }
      function __readWord() {\n`,
    ],
  ],
  'parser/tokenizer/index.js': [
    ...Object.keys(rare).map((name) => [`    this.${name} = ${rare[name]};\n`, '']),
    ['export class Token {\n', `export class Token {\n  static {\n    Object.assign(this.prototype, { ${Object.entries(rare).map((pair) => pair.join(': ')).join(', ')} });\n  }\n`],
    ['  if (match(type)) {\n    next();\n    return true;\n', '  if (state.type === type) {\n    next();\n    return true;\n'],
    [
      '    const ch = input.charCodeAt(state.pos);\n    switch (ch) {\n      case charCodes.carriageReturn:\n',
      `    const ch = input.charCodeAt(state.pos);
      if (ch > charCodes.slash && ch < charCodes.nonBreakingSpace) return;
      if (ch === charCodes.space) {
        ++state.pos;
        continue;
      }
      switch (ch) {
        case charCodes.carriageReturn:\n`,
    ],
    [
      'function getTokenFromCode(code) {\n',
      `function getTokenFromCode(code) {
        const simple = __simple[code];
        if (simple !== undefined) {
          ++state.pos;
          finishToken(simple, 0);
          return;
        }
        const reader = __readers[code];
        if (reader !== undefined) {
          reader(code);
          return;
        }\n`,
    ],
    [
      'export function skipSpace() {\n',
      // Of languages that are never parsed here, only Flow has a {|.
      `const __simple = [], __readers = [];
      __simple[charCodes.leftCurlyBrace] = tt.braceL;
      __simple[charCodes.leftParenthesis] = tt.parenL;
      __simple[charCodes.rightParenthesis] = tt.parenR;
      __simple[charCodes.semicolon] = tt.semi;
      __simple[charCodes.comma] = tt.comma;
      __simple[charCodes.leftSquareBracket] = tt.bracketL;
      __simple[charCodes.rightSquareBracket] = tt.bracketR;
      __simple[charCodes.rightCurlyBrace] = tt.braceR;
      __readers[charCodes.equalsTo] = __readers[charCodes.exclamationMark] = readToken_eq_excl;
      __readers[charCodes.quotationMark] = __readers[charCodes.apostrophe] = readString;
      __readers[charCodes.lessThan] = readToken_lt;
      __readers[charCodes.greaterThan] = readToken_gt;
      __readers[charCodes.dot] = readToken_dot;
      export function skipSpace() {\n`,
    ],
  ],
  'parser/traverser/util.js': [
    [
      'const prevToken = state.tokens[state.tokens.length - 1];\n  const lastTokEnd = prevToken ? prevToken.end : 0;\n  for (let i = lastTokEnd; i < state.start; i++) {\n    const code = input.charCodeAt(i);\n',
      'const prevToken = state.tokens[state.tokens.length - 1];\n  const lastTokEnd = prevToken ? prevToken.end : 0;\n  for (let i = lastTokEnd, end = state.start; i < end; i++) {\n    const code = input.charCodeAt(i);\n    if (code === charCodes.space) continue;\n',
    ],
  ],
  // Places in the source are wanted by nobody: lines stay.
  'TokenProcessor.js': [
    [`    ${MARKS}    this.resultCode += newCode;\n    this.appendTokenSuffix();\n    this.tokenIndex++;\n  }\n\n  replaceTokenTrimmingLeftWhitespace`, '    this.resultCode += newCode;\n    this.appendTokenSuffix();\n    this.tokenIndex++;\n  }\n\n  replaceTokenTrimmingLeftWhitespace'],
    [
      `    this.resultCode += this.previousWhitespaceAndComments().replace(/[^\\r\\n]/g, "");\n    this.appendTokenPrefix();\n    ${MARKS}`,
      '    this.resultCode += __lineFeeds(this.previousWhitespaceAndComments());\n    this.appendTokenPrefix();\n',
    ],
    // A token and what stands before it lie side by side.
    [
      '  copyToken() {\n',
      `  copyToken() {
        if (this.disableESTransforms && !this.isFlowEnabled) {
          const tokens = this.tokens, at = this.tokenIndex++;
          this.resultCode += this.code.slice(at > 0 ? tokens[at - 1].end : 0, tokens[at].end);
          return;
        }\n`,
    ],
    [
      '   appendTokenPrefix() {\n    const token = this.currentToken();\n',
      '   appendTokenPrefix() {\n    if (this.disableESTransforms) return;\n    const token = this.currentToken();\n',
    ],
    ['   appendTokenSuffix() {\n    const token = this.currentToken();\n', '   appendTokenSuffix() {\n    if (this.disableESTransforms) return;\n    const token = this.currentToken();\n'],
    ['export default class TokenProcessor {\n', 'function __lineFeeds(text) { return text === "" || text === " " ? "" : text.replace(/[^\\r\\n]/g, ""); }\nexport default class TokenProcessor {\n'],
  ],
  'transformers/RootTransformer.js': [
    // No other transformer than those of modules and types: what they never look at is copied at once.
    ['    this.tokens.reset();\n', '    this.tokens.reset();\n    this.few = this.transformers.length === 2 && this.disableESTransforms && !this.isImportsTransformEnabled;\n'],
    [
      '  processToken() {\n',
      `  processToken() {
        const token = this.tokens.tokens[this.tokens.tokenIndex];
        if (this.few && token.type < tt._const && token.type !== tt.parenR && token.type !== tt.nonNullAssertion && !token.isType && token.contextualKeyword !== ContextualKeyword._async) {
          this.tokens.copyToken();
          return;
        }\n`,
    ],
    ['    for (let i = 0; i < mappings.length; i++) {\n      const mapping = mappings[i];\n', '    for (let i = mappings.length; i < mappings.length; i++) {\n      const mapping = mappings[i];\n'],
    [
      '    for (const transformer of this.transformers) {\n      const wasProcessed = transformer.process();\n',
      '    const { transformers } = this;\n    for (let i = 0; i < transformers.length; i++) {\n      const wasProcessed = transformers[i].process();\n',
    ],
    [
      '    if (this.tokens.matches2(tt.parenR, tt.colon) && ',
      '    if (this.tokens.matches1(tt.parenR) && this.tokens.matches2(tt.parenR, tt.colon) && ',
    ],
    [
      '  processPossibleAsyncArrowWithTypeParams() {\n    if (\n      !this.tokens.matchesContextual(ContextualKeyword._async) &&\n      !this.tokens.matches1(tt._async)\n    ) {\n',
      '  processPossibleAsyncArrowWithTypeParams() {\n    const token = this.tokens.tokens[this.tokens.tokenIndex];\n    if (!(token.contextualKeyword === ContextualKeyword._async && token.type === tt.name) && token.type !== tt._async) {\n',
    ],
  ],
  // Most tokens are none of those that these look for.
  'transformers/ESMImportTransformer.js': [
    [
      '  process() {\n',
      '  process() {\n    const { type } = this.tokens.tokens[this.tokens.tokenIndex];\n    if (type !== tt._import && type !== tt._export) return false;\n',
    ],
  ],
  'transformers/TypeScriptTransformer.js': [
    [
      '    if (\n      this.tokens.matches1(tt._public) ||\n',
      `    const { type } = this.tokens.tokens[this.tokens.tokenIndex];
      if (type <= tt.name || (type < tt._readonly && type !== tt.nonNullAssertion && type !== tt._const && type !== tt._export)) return false;
      if (\n      this.tokens.matches1(tt._public) ||\n`,
    ],
  ],
  // Names are gathered when one is to be made.
  'NameManager.js': [
    ['    this.usedNames = new Set(getIdentifierNames(code, tokens));\n', '    this.usedNames = undefined;\n    this.given = [code, tokens];\n'],
    ['  findFreeName(name) {\n', '  findFreeName(name) {\n    this.usedNames ??= new Set(getIdentifierNames(...this.given));\n'],
  ],
};

function edited(path, contents, edits) {
  for (const [text, instead] of edits) {
    if (contents.split(text).length !== 2) throw new Error(`${path}: ${text} is not there exactly once`);
    contents = contents.replace(text, () => instead);
  }
  return contents;
}

// The members of an enum that lives at run time: each a number, or one more than another.
function members(text, path, name) {
  const found = new Map();
  for (const [, key, value, before] of text.matchAll(new RegExp(`const (\\w+) = (?:(\\d+)|(\\w+) \\+ 1); ${name}\\[${name}\\["\\1"\\] = \\1\\]`, 'g'))) {
    found.set(key, value === undefined ? found.get(before) + 1 : Number(value));
  }
  if (found.size === 0) throw new Error(`${path}: ${name} has no members`);
  return found;
}

// A plugin of the bundler. `folder`: the package's modules.
export function sucrase(folder) {
  const enums = Object.entries({
    tt: ['parser/tokenizer/types.js', 'TokenType'],
    ContextualKeyword: ['parser/tokenizer/keywords.js', 'ContextualKeyword'],
    charCodes: ['parser/util/charcodes.js', 'charCodes'],
  }).map(([name, [file, inside]]) => [name, file, members(readFileSync(join(folder, file), 'utf8'), file, inside)]);
  const setup = ({ onLoad }) => {
    onLoad({ filter: /\/node_modules\/sucrase\/dist\/esm\/.*\.js$/ }, ({ path }) => {
      const file = path.split('/dist/esm/')[1];
      let contents = edited(file, readFileSync(path, 'utf8'), [...(told[file] ?? []), ...(faster[file] ?? [])]);
      for (const [name, home, values] of enums) {
        if (file === home) continue;
        contents = contents.replace(new RegExp(`(?<![.\\w])${name}\\.(\\w+)\\b`, 'g'), (whole, key) => values.get(key) ?? whole);
      }
      contents = contents.replace(/this\.tokens\.matches1\((\d+)\)/g, '(this.tokens.tokens[this.tokens.tokenIndex].type === $1)');
      if (file !== 'parser/tokenizer/index.js' && /(?<![.\w])match\(\d+\)/.test(contents)) {
        contents = contents.replace(/(?<![.\w])match\((\d+)\)/g, '(__state.type === $1)');
        contents = `import { state as __state } from ${JSON.stringify(join(folder, 'parser/traverser/base.js'))};${contents}`;
      }
      return { contents, loader: 'js' };
    });
  };
  return { name: 'sucrase', setup };
}

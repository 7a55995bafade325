// util.parseArgs.
function fail(code, message) {
  const error = new TypeError(message);
  error.code = code;
  return error;
}

export function parseArgs({ args = process.argv.slice(2), options = {}, strict = true, allowPositionals = !strict, tokens: wantTokens = false, allowNegative = false } = {}) {
  const tokens = [];
  const values = Object.create(null);
  const positionals = [];
  const short = Object.fromEntries(Object.entries(options).filter(([, one]) => one.short).map(([name, one]) => [one.short, name]));
  const isString = (name) => options[name]?.type === 'string';
  const rest = [...args];
  let index = -1;
  const take = (name, rawName, value, inlineValue) => tokens.push({ kind: 'option', name, rawName, index, value, inlineValue });
  while (rest.length > 0) {
    const arg = rest.shift();
    index++;
    if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index });
      for (const value of rest.splice(0)) tokens.push({ kind: 'positional', index: ++index, value });
    } else if (/^--./.test(arg)) {
      const at = arg.indexOf('=');
      const name = at < 0 ? arg.slice(2) : arg.slice(2, at);
      if (at >= 0) take(name, `--${name}`, arg.slice(at + 1), true);
      else if (isString(name) && rest.length > 0 && (!rest[0].startsWith('-') || rest[0] === '-')) {
        take(name, arg, rest.shift(), false);
        index++;
      } else take(name, arg);
    } else if (/^-[^-]/.test(arg)) {
      const letter = arg[1];
      const name = short[letter] ?? letter;
      if (arg.length === 2) {
        if (isString(name) && rest.length > 0) {
          take(name, arg, rest.shift(), false);
          index++;
        } else take(name, arg);
      } else if (isString(name)) take(name, `-${letter}`, arg.slice(2), true);
      else {
        take(name, `-${letter}`);
        rest.unshift(`-${arg.slice(2)}`);
        index--;
      }
    } else tokens.push({ kind: 'positional', index, value: arg });
  }
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) throw fail('ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', `Unexpected argument '${token.value}'. This command does not take positional arguments`);
      positionals.push(token.value);
    } else if (token.kind === 'option') store(token);
  }
  function store(token) {
    let { name } = token;
    let value = token.value;
    let option = options[name];
    if (option === undefined && allowNegative && name.startsWith('no-') && options[name.slice(3)]?.type === 'boolean') {
      name = name.slice(3);
      option = options[name];
      value = false;
    }
    if (strict) {
      if (option === undefined) throw fail('ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${token.rawName}'`);
      if (option.type === 'string' && typeof value !== 'string') throw fail('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${token.rawName} <value>' argument missing`);
      if (option.type === 'boolean' && typeof value === 'string') throw fail('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${token.rawName}' does not take an argument`);
    }
    if (name === '__proto__') return;
    const stored = value ?? true;
    if (option?.multiple) (values[name] ??= []).push(stored);
    else values[name] = stored;
  }
  for (const [name, option] of Object.entries(options)) if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
  return wantTokens ? { values, positionals, tokens } : { values, positionals };
}

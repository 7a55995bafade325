// console.table: rows and columns in a frame.
import { inspect } from '../inspect.js';
import { uncurry } from '../primordials.js';
import { types } from '../types.js';

const entries = uncurry(Map.prototype.entries);
const members = uncurry(Set.prototype.values);

const shown = (value) => inspect(value, { depth: 0, maxArrayLength: 3, breakLength: Infinity });

function render(head, columns) {
  const rows = [];
  const widths = head.map((title) => width(title) + 2);
  const longest = Math.max(0, ...columns.map((column) => column.length));
  for (let i = 0; i < columns.length; i++) {
    for (let j = 0; j < longest; j++) {
      rows[j] ??= [];
      const value = (rows[j][i] = Object.hasOwn(columns[i], j) ? columns[i][j] : '');
      widths[i] = Math.max(widths[i], width(value) + 2);
    }
  }
  const lines = widths.map((count) => '─'.repeat(count));
  let text = `┌${lines.join('┬')}┐\n${row(head, widths)}\n├${lines.join('┼')}┤\n`;
  for (const cells of rows) text += `${row(cells, widths)}\n`;
  return `${text}└${lines.join('┴')}┘`;
}

const width = (text) => [...text].length;

function row(cells, widths) {
  const padded = cells.map((cell, at) => ` ${cell}${' '.repeat(widths[at] - width(cell) - 1)}`);
  return `│${padded.join('│')}│`;
}

export function table(data, wanted) {
  const isMap = types.isMap(data);
  const index = isMap || types.isSet(data) ? '(iteration index)' : '(index)';
  const rows = isMap
    ? [...entries(data)].map(([key, value], at) => [String(at), value, key])
    : types.isSet(data)
      ? [...members(data)].map((value, at) => [String(at), value])
      : Object.keys(data).map((key) => [key, data[key]]);
  const wantedKeys = wanted === undefined ? undefined : Array.from({ length: wanted.length }, (_, at) => wanted[at]);
  const columns = new Map();
  const values = [];
  rows.forEach(([, value], at) => {
    if (value === null || typeof value !== 'object' || isMap) {
      values[at] = shown(value);
      return;
    }
    for (const key of wantedKeys ?? Object.keys(value)) {
      if (!columns.has(key)) columns.set(key, []);
      if (Object.hasOwn(value, key)) columns.get(key)[at] = shown(value[key]);
    }
  });
  const head = [index];
  const body = [rows.map(([key]) => key)];
  if (isMap) {
    head.push('Key');
    body.push(rows.map((entry) => shown(entry[2])));
  }
  for (const [key, column] of columns) {
    head.push(key);
    body.push(column);
  }
  if (values.length > 0) {
    head.push('Values');
    body.push(values);
  }
  return render(head, body);
}

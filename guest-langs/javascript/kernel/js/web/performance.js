// performance: the engine's clock with marks and measures.
import native from '../native.js';

const timeOrigin = native.wallClock() - native.now();
const entries = [];

class PerformanceEntry {
  constructor(name, entryType, startTime, duration, detail) {
    Object.assign(this, { name, entryType, startTime, duration, detail });
  }
  toJSON() {
    return { ...this };
  }
}

const startOf = (mark, otherwise) => {
  if (mark === undefined) return otherwise;
  if (typeof mark === 'number') return mark;
  const found = entries.findLast((entry) => entry.entryType === 'mark' && entry.name === mark);
  if (found === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
  return found.startTime;
};

export const performance = {
  timeOrigin,
  now: () => native.now(),
  mark(name, { startTime = native.now(), detail = null } = {}) {
    const entry = new PerformanceEntry(name, 'mark', startTime, 0, detail);
    entries.push(entry);
    return entry;
  },
  measure(name, from, to) {
    const options = typeof from === 'object' && from !== null ? from : { start: from, end: to };
    const end = startOf(options.end, native.now());
    const start = options.duration === undefined ? startOf(options.start, 0) : end - options.duration;
    const entry = new PerformanceEntry(name, 'measure', start, end - start, options.detail ?? null);
    entries.push(entry);
    return entry;
  },
  getEntries: () => [...entries],
  getEntriesByName: (name, type) => entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
  getEntriesByType: (type) => entries.filter((entry) => entry.entryType === type),
  clearMarks: (name) => remove('mark', name),
  clearMeasures: (name) => remove('measure', name),
  clearResourceTimings() {},
  timerify: (callback) => callback,
  eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
  toJSON: () => ({ timeOrigin }),
};

function remove(type, name) {
  for (let at = entries.length - 1; at >= 0; at--) {
    if (entries[at].entryType === type && (name === undefined || entries[at].name === name)) entries.splice(at, 1);
  }
}

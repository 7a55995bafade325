// pyodide: CPython by emscripten, in the host's own V8.

import { Worker } from 'node:worker_threads'
import { loadPyodide } from 'pyodide'
import { Agent, main } from './agent.mjs'

// The documented way to stop it: another thread writes a signal into shared memory.
const CLOCK = `
const { workerData: { signal, order } } = require('node:worker_threads')
for (let seen = 0; ;) {
  Atomics.wait(order, 0, seen)
  seen = Atomics.load(order, 0)
  const ms = Atomics.load(order, 1)
  if (ms > 0 && Atomics.wait(order, 0, seen, ms) === 'timed-out') signal[0] = 2
}`

class Pyodide extends Agent {
  name = 'pyodide'

  async open() {
    this.signal = new Uint8Array(new SharedArrayBuffer(1))
    this.order = new Int32Array(new SharedArrayBuffer(8))
    if (process.argv.includes('--cold')) return
    const workerData = { signal: this.signal, order: this.order }
    new Worker(CLOCK, { eval: true, workerData }).unref()
  }

  alarm(ms) {
    Atomics.store(this.order, 1, ms)
    Atomics.add(this.order, 0, 1)
    Atomics.notify(this.order, 0)
  }

  // What is to be saved has to be said when it is made.
  async create(options = {}) {
    const python = await loadPyodide(options)
    python.setInterruptBuffer(this.signal)
    return python
  }

  async value(python, expression) {
    this.signal[0] = 0
    this.alarm(this.settings.wall_ms)
    try { return String(python.runPython(expression)) } finally { this.alarm(0) }
  }
}

/** As above, with memory that can be saved. */
class Saved extends Pyodide {
  async create(options = { _makeSnapshot: true }) { return super.create(options) }

  async take(python) { return python.makeMemorySnapshot() }

  async restore(snapshot) { return this.create({ _loadSnapshot: snapshot }) }
}

await main(process.argv.includes('--snapshots') ? new Saved() : new Pyodide())

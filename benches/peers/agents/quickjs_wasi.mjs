// quickjs-wasi: QuickJS-ng as a WebAssembly module in V8.

import { readFileSync } from 'node:fs'
import { QuickJS } from 'quickjs-wasi'
import { Agent, main, unlimited } from './agent.mjs'

class QuickJsWasi extends Agent {
  name = 'quickjs-wasi'

  async open() {
    const bytes = readFileSync(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm')))
    this.wasm = await WebAssembly.compile(bytes)
  }

  options(clock) {
    if (unlimited) return { wasm: this.wasm }
    return {
      wasm: this.wasm,
      memoryLimit: this.settings.memory_bytes,
      interruptHandler: () => Date.now() > clock.deadline,
    }
  }

  async create() {
    const clock = { deadline: Infinity }
    return { clock, vm: await QuickJS.create(this.options(clock)) }
  }

  async value({ clock, vm }, expression) {
    clock.deadline = Date.now() + this.settings.wall_ms
    const handle = vm.evalCode(expression)
    const value = String(vm.dump(handle))
    handle.dispose()
    return value
  }

  async close({ vm }) { vm.dispose() }

  async take({ vm }) { return vm.snapshot() }

  async restore(snapshot) {
    const clock = { deadline: Infinity }
    return { clock, vm: await QuickJS.restore(snapshot, this.options(clock)) }
  }

  size(snapshot) { return QuickJS.serializeSnapshot(snapshot).length }
}

await main(new QuickJsWasi())

// quickjs-emscripten: one WebAssembly heap that all runtimes share.

import { getQuickJS } from 'quickjs-emscripten'
import { Agent, main, unlimited } from './agent.mjs'

class QuickJsEmscripten extends Agent {
  name = 'quickjs-emscripten'

  async open() {
    this.library = await getQuickJS()
  }

  async create() {
    const runtime = this.library.newRuntime()
    const clock = { deadline: Infinity }
    if (!unlimited) {
      runtime.setMemoryLimit(this.settings.memory_bytes)
      runtime.setInterruptHandler(() => Date.now() > clock.deadline)
    }
    return { runtime, clock, vm: runtime.newContext() }
  }

  async value({ vm, clock }, expression) {
    clock.deadline = Date.now() + this.settings.wall_ms
    const handle = vm.unwrapResult(vm.evalCode(expression))
    const value = String(vm.dump(handle))
    handle.dispose()
    return value
  }

  async close({ vm, runtime }) {
    vm.dispose()
    runtime.dispose()
  }
}

await main(new QuickJsEmscripten())

// just-bash: bash's language in TypeScript, in the host's own V8.

import { Bash } from 'just-bash'
import { Agent, main } from './agent.mjs'

class JustBash extends Agent {
  name = 'just-bash'

  async create() {
    // It has no limit of memory. Its limits of loops and commands would end
    // the longer programs.
    const executionLimits = {
      maxExecutionTimeMs: this.settings.wall_ms,
      maxLoopIterations: Infinity,
      maxCommandCount: Infinity,
    }
    return new Bash({ executionLimits })
  }

  async value(bash, script) {
    const { stdout, stderr, exitCode } = await bash.exec(script)
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`)
    return stdout.trimEnd()
  }
}

await main(new JustBash())

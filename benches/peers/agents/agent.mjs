// What the agents of JavaScript's peers share: orders in, times out. The same as
// agent.py; README.md has the orders.

export class Unsupported extends Error {}

/** A peer. What it has not throws `Unsupported`. */
export class Agent {
  /** Of the package. */
  name = '?'
  settings = { wall_ms: 30000, memory_bytes: 256 << 20, first: '1+1', expected: '2' }

  /** Whatever is there once for all sandboxes. */
  async open() {}

  /** A new sandbox with the limits of the settings, as far as the peer has them. */
  async create() { throw new Error('not written') }

  /** Runs statements; throws when they do. */
  async run(sandbox, code) { await this.value(sandbox, code) }

  /** The value of an expression, as text. */
  async value(_sandbox, _expression) { throw new Error('not written') }

  /** Ends a sandbox, outside of what is timed. */
  async close(_sandbox) {}

  async take(_sandbox) { throw new Unsupported('no snapshots of live sandboxes') }

  async restore(_snapshot) { throw new Unsupported('no snapshots of live sandboxes') }

  size(snapshot) { return snapshot.length }

  async first() {
    const sandbox = await this.create()
    const got = await this.value(sandbox, this.settings.first)
    if (got !== this.settings.expected) throw new Error(`${this.settings.first} is ${got}`)
    return sandbox
  }

  /** The sandbox that lives as long as the agent. */
  async session() { return this.live_session ??= await this.first() }
}

const now = () => Number(process.hrtime.bigint()) / 1e6

const rest = ms => new Promise(resolve => setTimeout(resolve, ms))

const attempt = async (body, otherwise) => {
  try { return await body() } catch { return otherwise }
}

const orders = {
  async new(agent, { count, pause_ms }) {
    const ms = []
    for (let i = 0; i < count; i++) {
      // Who keeps sandboxes ready gets the time to do so.
      await rest(pause_ms)
      const start = now()
      const sandbox = await agent.first()
      ms.push(now() - start)
      await agent.close(sandbox)
    }
    return { ms }
  },

  async exec(agent, { count }) {
    const sandbox = await agent.session()
    const ms = []
    for (let i = 0; i < count; i++) {
      const start = now()
      await agent.value(sandbox, agent.settings.first)
      ms.push(now() - start)
    }
    return { ms }
  },

  async define(agent, { source }) {
    await agent.run(await agent.session(), source)
    return {}
  },

  async run(agent, { call }) {
    const sandbox = await agent.session()
    const start = now()
    await agent.run(sandbox, call)
    return { ms: [now() - start] }
  },

  async live(agent, { count }) {
    agent.kept ??= []
    for (let i = 0; i < count; i++) agent.kept.push(await agent.first())
    globalThis.gc?.()
    return { live: agent.kept.length }
  },

  async snapshot(agent, { prepare, value, expected, count }) {
    const sandbox = await agent.create()
    await agent.run(sandbox, prepare)
    const [take_ms, restore_ms] = [[], []]
    let bytes = 0
    for (let i = 0; i < count; i++) {
      let start = now()
      const snapshot = await agent.take(sandbox)
      take_ms.push(now() - start)
      bytes = agent.size(snapshot)
      start = now()
      const copy = await agent.restore(snapshot)
      const got = await agent.value(copy, value)
      restore_ms.push(now() - start)
      if (got !== expected) throw new Error(`a copy says ${got}`)
      await agent.close(copy)
    }
    await agent.close(sandbox)
    return { take_ms, restore_ms, bytes }
  },

  async holds(agent, { prepare, value, expected }) {
    const sandbox = await agent.create()
    await agent.run(sandbox, prepare)
    const held = async () => {
      const copy = await agent.restore(await agent.take(sandbox))
      return await agent.value(copy, value) === expected
    }
    return { holds: await attempt(held, false) }
  },

  async survive(agent, { prepare, source, value, expected }) {
    const sandbox = await agent.create()
    await agent.run(sandbox, prepare)
    const start = now()
    let ended = 'finished'
    try { await agent.run(sandbox, source) } catch (error) { ended = String(error).trim().split('\n').at(-1) }
    const ms = now() - start
    const variables = await attempt(async () => await agent.value(sandbox, value) === expected, false)
    const fresh = await attempt(async () => { await agent.first(); return true }, false)
    return { ended: ended.slice(0, 300), ms, variables, new: fresh }
  },
}

async function obey(agent, order) {
  try {
    if (order.do === 'open') {
      Object.assign(agent.settings, order)
      await agent.open()
      return { version: await versionOf(agent.name) }
    }
    return await orders[order.do](agent, order)
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message }
    return { error: String(error).slice(0, 500) }
  }
}

/** Obeys until standard input ends; `--cold` is the shortest program instead. */
export async function main(agent) {
  if (process.argv.includes('--cold')) {
    if (process.argv.includes('shell')) Object.assign(agent.settings, { first: 'echo hi', expected: 'hi' })
    await agent.open()
    const value = await agent.value(await agent.create(), agent.settings.first)
    process.stdout.write(`${value}\n`, () => process.exit(0))
    return
  }
  const { createInterface } = await import('node:readline')
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await obey(agent, JSON.parse(line))) + '\n')
  }
  process.exit(0)
}

/** The version of an installed package. */
async function versionOf(name) {
  const { readFileSync } = await import('node:fs')
  const path = new URL(`./node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')).version
}

/** True for the agent that is to run without limits. */
export const unlimited = process.argv.includes('--unlimited')

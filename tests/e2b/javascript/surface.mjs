// The surface of the JavaScript SDK, as its users call it.

import assert from 'node:assert/strict'
import { Sandbox, NotFoundError } from '@e2b/code-interpreter'

const sandbox = await Sandbox.create({ metadata: { js: 'yes' }, envs: { FROM: 'js' } })

async function until(condition) {
  const end = Date.now() + 20_000
  while (!condition()) {
    assert.ok(Date.now() < end, 'it did not come')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const checks = {
  async check_results_and_callbacks() {
    const seen = []
    const execution = await sandbox.runCode("import os\nprint(os.environ['FROM'])\n'x' * 3", {
      onStdout: (message) => seen.push(message.line),
      onResult: (result) => seen.push(result.text),
    })
    assert.deepEqual(seen, ['js\n', 'xxx'])
    assert.equal(execution.text, 'xxx')
    assert.equal((await sandbox.runCode('1/0')).error.name, 'ZeroDivisionError')
  },

  async check_contexts() {
    const context = await sandbox.createCodeContext({ cwd: '/tmp' })
    assert.equal((await sandbox.runCode('import os; os.getcwd()', { context })).text, '/tmp')
    assert.equal((await sandbox.listCodeContexts()).at(-1).id, context.id)
    await sandbox.restartCodeContext(context)
    assert.equal((await sandbox.runCode('os', { context })).error.name, 'NameError')
    await sandbox.removeCodeContext(context)
    await assert.rejects(sandbox.runCode('1', { context }), new RegExp(context.id))
  },

  async check_javascript_and_typescript() {
    const seen = []
    const execution = await sandbox.runCode("console.log('hi'); [1, 2].map((n) => n * 2)", {
      language: 'js',
      onStdout: (message) => seen.push(message.line),
    })
    assert.deepEqual(seen, ['hi\n'])
    assert.equal(execution.text, '[ 2, 4 ]')
    const context = await sandbox.createCodeContext({ language: 'ts', cwd: '/tmp' })
    assert.equal(context.language, 'typescript')
    const code = 'enum Kind { A = 5 }\nconst kind: Kind = Kind.A; kind + process.cwd()'
    assert.equal((await sandbox.runCode(code, { context })).text, '5/tmp')
    const failed = await sandbox.runCode('nothing.at.all', { language: 'javascript' })
    assert.equal(failed.error.name, 'ReferenceError')
    await sandbox.removeCodeContext(context)
  },

  async check_bash() {
    const bash = (code, options) => sandbox.runCode(code, { language: 'bash', ...options })
    await bash('cd /tmp; export X=1; greet() { echo "hi $1"; }')
    const seen = []
    const execution = await bash('pwd; greet $X; echo err >&2', {
      onStderr: (message) => seen.push(message.line),
    })
    assert.equal(execution.logs.stdout.join(''), '/tmp\nhi 1\n')
    assert.deepEqual(seen, ['err\n'])
    const { error } = await bash('exit 3')
    assert.deepEqual([error.name, error.value, error.traceback], ['', '3', ''])
    await assert.rejects(bash('kept=5; sleep 600', { timeoutMs: 500 }))
    assert.deepEqual((await bash('echo $kept')).logs.stdout, ['5\n'])
    const context = await sandbox.createCodeContext({ language: 'bash', cwd: '/tmp' })
    assert.equal(context.language, 'bash')
    assert.deepEqual((await sandbox.runCode('pwd', { context })).logs.stdout, ['/tmp\n'])
    await sandbox.removeCodeContext(context)
  },

  async check_timeouts_keep_the_state() {
    await sandbox.runCode('kept = 5')
    await assert.rejects(sandbox.runCode('while True: pass', { timeoutMs: 500 }))
    assert.equal((await sandbox.runCode('kept')).text, '5')
  },

  async check_files() {
    await sandbox.files.write('dir/a.txt', 'hello')
    assert.equal(await sandbox.files.read('dir/a.txt'), 'hello')
    await sandbox.files.write('empty', '')
    assert.equal(await sandbox.files.read('empty'), '')
    const data = new Uint8Array(1 << 20).fill(7).buffer
    await sandbox.files.write('data', data)
    assert.equal((await sandbox.files.read('data', { format: 'bytes' })).length, 1 << 20)
    const names = (await sandbox.files.list('dir')).map((entry) => entry.name)
    assert.deepEqual(names, ['a.txt'])
    assert.equal((await sandbox.files.getInfo('dir/a.txt')).size, 5)
    assert.equal(await sandbox.files.makeDir('made'), true)
    assert.equal(await sandbox.files.makeDir('made'), false)
    await sandbox.files.rename('made', 'moved')
    await sandbox.files.remove('moved')
    assert.equal(await sandbox.files.exists('moved'), false)
    await assert.rejects(sandbox.files.read('nope'), NotFoundError)
  },

  async check_watching() {
    let seen
    const written = new Promise((resolve) => (seen = resolve))
    const handle = await sandbox.files.watchDir('/home/user', (event) => {
      if (event.name === 'watched.txt' && event.type === 'write') seen()
    })
    await sandbox.files.write('watched.txt', '1')
    await written
    await handle.stop()
  },

  async check_signed_urls() {
    await sandbox.files.write('signed.txt', 'signed')
    const answer = await fetch(await sandbox.downloadUrl('signed.txt'))
    assert.equal(await answer.text(), 'signed')
  },

  async check_commands() {
    const seen = []
    const result = await sandbox.commands.run('echo $FROM; pwd; echo err >&2', {
      cwd: '/tmp',
      onStdout: (text) => seen.push(text),
    })
    assert.deepEqual([result.stdout, result.stderr, result.exitCode], ['js\n/tmp\n', 'err\n', 0])
    assert.equal(seen.join(''), 'js\n/tmp\n')
    await assert.rejects(sandbox.commands.run('exit 3'), (error) => error.exitCode === 3)
    const cat = await sandbox.commands.run('cat', { background: true, stdin: true })
    await sandbox.commands.sendStdin(cat.pid, 'héllo')
    await sandbox.commands.closeStdin(cat.pid)
    assert.equal((await cat.wait()).stdout, 'héllo')
    const sleep = await sandbox.commands.run('sleep 600', { background: true })
    assert.ok((await sandbox.commands.list()).some((info) => info.pid === sleep.pid))
    assert.equal(await sleep.kill(), true)
    await assert.rejects(sleep.wait(), (error) => error.exitCode === -1)
    assert.equal(await sandbox.commands.kill(sleep.pid), false)
    await assert.rejects(sandbox.commands.run('sleep 600', { timeoutMs: 300 }), /timed out|deadline|time/i)
  },

  async check_terminals() {
    let shown = ''
    const terminal = await sandbox.pty.create({
      cols: 70,
      rows: 20,
      onData: (data) => (shown += new TextDecoder().decode(data)),
    })
    const type = (text) => sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode(text))
    await type('stty size; echo a$((1 + 1))b\r')
    await until(() => shown.includes('20 70\r\n') && shown.includes('a2b\r\n'))
    await sandbox.pty.resize(terminal.pid, { cols: 99, rows: 33 })
    await type('stty size\r')
    await until(() => shown.includes('33 99\r\n'))
    await type('exit 4\r')
    await assert.rejects(terminal.wait(), (error) => error.exitCode === 4)
  },

  async check_information_and_lists() {
    assert.deepEqual((await sandbox.getInfo()).metadata, { js: 'yes' })
    const found = await Sandbox.list({ query: { metadata: { js: 'yes' } } }).nextItems()
    assert.equal(found[0].sandboxId, sandbox.sandboxId)
    const other = await Sandbox.connect(sandbox.sandboxId)
    assert.equal((await other.runCode('6')).text, '6')
  },

  async check_pauses_snapshots_and_forks() {
    const source = await Sandbox.create({ envs: { A: '1' } })
    await source.runCode('x = [1]')
    assert.equal(await source.pause(), true)
    assert.equal(await source.pause(), false)
    assert.equal((await source.getInfo()).state, 'paused')
    assert.equal(await source.isRunning(), false)
    await source.connect()
    assert.equal((await source.runCode('x')).text, '[1]')
    const { snapshotId } = await source.createSnapshot()
    const [fork] = await source.fork({ timeoutMs: 60_000 })
    await source.kill()
    const copy = await Sandbox.create(snapshotId)
    for (const child of [fork, copy]) {
      assert.equal((await child.runCode('x.append(2); x')).text, '[1, 2]')
      await child.kill()
    }
    assert.equal(await Sandbox.deleteSnapshot(snapshotId), true)
    assert.equal(await Sandbox.deleteSnapshot(snapshotId), false)
  },

  async check_killing() {
    const doomed = await Sandbox.create()
    const running = doomed.runCode("import time\nprint('up')\ntime.sleep(600)", {
      onStdout: () => doomed.kill(),
    })
    await assert.rejects(running, /killed|terminated/)
    assert.equal(await doomed.isRunning(), false)
    assert.equal(await doomed.kill(), false)
  },
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    await check()
    console.log(`ok ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED ${name}\n${error.stack}`)
  }
}
await sandbox.kill()
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)

// The tools, through the real TypeScript client of the Model Context Protocol.

import assert from 'node:assert/strict'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const { MCP_URL, MCP_TOKEN, MCP_COMMAND } = process.env

function transport() {
  if (MCP_URL === undefined) {
    return new StdioClientTransport({ command: MCP_COMMAND, args: ['mcp'], env: process.env })
  }
  const headers = { Authorization: `Bearer ${MCP_TOKEN}` }
  return new StreamableHTTPClientTransport(new URL(MCP_URL), { requestInit: { headers } })
}

const client = new Client({ name: 'tests', version: '1' })
await client.connect(transport())
let sandbox

async function call(name, args = {}) {
  const given = sandbox === undefined ? args : { sandbox, ...args }
  const answer = await client.callTool({ name, arguments: given })
  sandbox ??= answer.structuredContent?.sandbox
  return answer
}

const checks = {
  async check_the_tools_are_announced() {
    const { tools } = await client.listTools()
    assert(tools.some((tool) => tool.name === 'run_code'))
    assert.equal(tools.every((tool) => tool.inputSchema.type === 'object'), true)
  },

  async check_code_keeps_its_variables() {
    const code = 'const n: number = 20\nconsole.log("out")\nn + 1'
    const first = await call('run_code', { code, language: 'typescript' })
    assert.equal(first.structuredContent.result, '21')
    assert.equal(first.content[0].text, 'out\n')
    const second = await call('run_code', { code: 'n', language: 'typescript' })
    assert.equal(second.structuredContent.result, '20')
  },

  async check_errors_are_answers() {
    const answer = await call('run_code', { code: 'raise ValueError("no")' })
    assert.equal(answer.isError, true)
    assert.match(answer.content.at(-1).text, /ValueError: no/)
    assert.equal((await call('read_file', {})).isError, true)
  },

  async check_files() {
    await call('write_file', { path: 'a.txt', content: 'text' })
    assert.equal((await call('read_file', { path: 'a.txt' })).content[0].text, 'text')
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
await client.close()
process.exit(failed === 0 ? 0 : 1)

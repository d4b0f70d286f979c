// Has schemathesis ask the API of a running Rekey whatever its description allows, and what it does
// not: nothing may break, and nothing may be answered that is not described. The demo's owner of
// Northwind makes a key for each kind of thing; each is asked about by a process of its own, as fast
// as a key may ask.
//
// Usage: node api.mjs PATH-OF-SCHEMATHESIS

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const schemathesis = process.argv[2]
const program = process.env.REKEY_TEST_PROGRAM ?? resolve(import.meta.dirname, '../target/debug/rekey')
const PASSWORD = 'harbour lantern mosaic'
const NOUNS = ['customers', 'consents', 'resets', 'audit', 'organizations']
const PERMISSIONS = ['read_customers', 'edit_customers', 'send_link', 'read_audit']
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'ignored_auth',
]
/** A key may ask 600 times a minute. */
const PACE = '9/s'
/** Seconds for each kind of thing; they are asked about side by side. */
const TIME = 75

const folder = mkdtempSync(join(tmpdir(), 'rekey-api-'))
const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('REKEY_'))
const server = spawn(program, ['demo', '--listen', '127.0.0.1:0'], {
  env: { ...Object.fromEntries(inherited), REKEY_DATA: join(folder, 'data') },
  stdio: ['ignore', 'pipe', 'pipe'],
})
let log = ''
server.stderr.on('data', (chunk) => (log = (log + chunk).slice(-200_000)))

let failed = false
try {
  const url = await ready()
  const keys = await makeKeys(url)
  const runs = await Promise.all(NOUNS.map((noun, place) => ask(url, noun, keys[place])))
  for (const { noun, code, output } of runs) {
    if (code !== 0) console.log(`--- ${noun}\n${output}`)
    failed ||= code !== 0
  }
  // What broke on the way is in the log, whoever asked for it.
  const errors = log.replaceAll(/\x1b\[[0-9;]*m/g, '').split('\n').filter((line) => / ERROR /.test(line))
  if (errors.length > 0) console.log(`the server logged errors:\n${errors.slice(0, 5).join('\n')}`)
  failed ||= errors.length > 0
  const asked = runs.reduce((sum, run) => sum + run.cases, 0)
  console.log(`schemathesis: ${asked} requests about ${NOUNS.length} kinds of things, ${failed ? 'failed' : 'passed'}`)
} finally {
  const ended = server.exitCode ?? new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0

/** The address that the server says it is ready at. */
function ready() {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stdout.on('data', (chunk) => {
      said += chunk
      const found = /^Ready: (.*)$/m.exec(said)
      if (found) resolve(found[1])
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`the server ended (${code}):\n${log}`)))
  })
}

/** Signs in as a person does, and makes a key for each kind of thing, each with every permission. */
async function makeKeys(url) {
  let cookie = ''
  const post = async (path, fields) => {
    const headers = { origin: url, cookie, accept: 'application/json' }
    const answer = await fetch(url + path, { method: 'POST', headers, body: new URLSearchParams(fields) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    const session = answer.headers.getSetCookie().find((line) => line.startsWith('rekey='))
    if (session) cookie = session.split(';')[0]
    return answer.json()
  }
  await post('/api/session/sign-in', { name: 'olivia@northwind.example', password: PASSWORD })
  await post('/api/session/step-up', { password: PASSWORD })
  const keys = []
  for (const noun of NOUNS) {
    const given = Object.fromEntries(PERMISSIONS.map((permission) => [permission, 'true']))
    keys.push((await post('/api/organization/make-api-key', { name: noun, ...given })).key)
  }
  return keys
}

/** Asks about one kind of thing. */
function ask(url, noun, key) {
  const options = [
    ['--include-tag', noun],
    ['--header', `Authorization: Bearer ${key}`],
    ['--checks', CHECKS.join(',')],
    ['--phases', 'examples,coverage,fuzzing'],
    ['--rate-limit', PACE],
    ['--max-time', String(TIME)],
    ['--request-timeout', '20'],
    ['--seed', '4711'],
    ['--warnings', 'off'],
    ['--output-sanitize', 'true'],
  ]
  const run = spawn(schemathesis, ['run', `${url}/api/v1/openapi.json`, '--no-shrink', '--no-color', ...options.flat()], {
    // It keeps what it found in the folder where it runs.
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  run.stdout.on('data', (chunk) => (output += chunk))
  run.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    run.once('error', (error) => resolve({ noun, code: 1, output: String(error), cases: 0 }))
    run.once('exit', (code) => {
      const cases = Number(/([\d,]+) generated/.exec(output)?.[1]?.replaceAll(',', '') ?? 0)
      resolve({ noun, code: code ?? 1, output, cases })
    })
  })
}

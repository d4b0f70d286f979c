// Starts what the stories need, once for all of them: a mail server and, on each database, the
// program as people run it. Everything is on this machine, on free ports, in folders that go away.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** A running Rekey. */
export interface Server {
  name: ServerName
  url: string
  /** The settings it was started with, for the command line. */
  settings: Record<string, string>
}

/** `unscripted`, `looks` and `plain` are others like `sqlite`: the people of one demo are not enough for every story and every picture. `demo` is `rekey demo` as it comes: no mail server, mail readable in the browser. */
export type ServerName = 'sqlite' | 'unscripted' | 'postgres' | 'looks' | 'plain' | 'demo'

/** What setting up tells the stories, which run in other processes. */
export interface World {
  folder: string
  mail: { smtp: number; http: number; password: string }
  servers: Partial<Record<ServerName, Server>>
}

const root = resolve(import.meta.dirname, '../..')
/** The program that is tested. */
export const program = process.env.REKEY_TEST_PROGRAM ?? join(root, 'target/debug/rekey')
/** The URL of a PostgreSQL server on which databases may be created. */
export const postgres = process.env.REKEY_TEST_POSTGRES

/** The world that was set up. */
export function world(): World {
  const text = process.env.REKEY_TEST_WORLD
  if (!text) throw new Error('nothing was set up')
  return JSON.parse(text) as World
}

/** The environment without settings of Rekey's: those are given one by one. */
export function environment(settings: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('REKEY_'))
  return { ...Object.fromEntries(inherited), ...settings }
}

const running: { process: ChildProcess; name: string; log: string }[] = []

/** Playwright calls this before all stories, and what it returns after them. */
export default async function setUp(): Promise<() => Promise<void>> {
  if (!existsSync(program)) throw new Error(`${program} is not there: make build, or set REKEY_TEST_PROGRAM`)
  if (!postgres && process.env.CI) throw new Error('REKEY_TEST_POSTGRES is not set: make test sets it')
  const folder = mkdtempSync(join(tmpdir(), 'rekey-end2end-'))
  const logs = resolve(import.meta.dirname, '../test-results/logs')
  mkdirSync(logs, { recursive: true })
  const tearDown = async () => {
    try {
      await stopAll()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  try {
    const smtp = JSON.parse(
      await start('smtp', [process.execPath, join(root, 'end2end/smtp.mjs'), join(folder, 'smtp')], {}, logs),
    ) as { smtp: number; http: number; password: string }
    const mailed = (name: ServerName) => ({
      // Organizations set up this mail server as well.
      REKEY_OUTGOING_ALLOWED: '127.0.0.1,::1',
      REKEY_MAIL__TRANSPORT: 'smtp',
      REKEY_MAIL__HOST: 'localhost',
      REKEY_MAIL__PORT: String(smtp.smtp),
      REKEY_MAIL__TLS: 'starttls',
      REKEY_MAIL__CA_FILE: join(folder, 'smtp/ca.pem'),
      REKEY_MAIL__USER: name,
      REKEY_MAIL__PASSWORD: smtp.password,
      REKEY_MAIL__FROM: 'Rekey <rekey@rekey.example>',
    })
    const servers: World['servers'] = {}
    const add = async (name: ServerName, settings: Record<string, string>) => {
      servers[name] = await startRekey(name, join(folder, name), logs, settings)
    }
    await Promise.all([
      add('sqlite', mailed('sqlite')),
      add('unscripted', mailed('unscripted')),
      add('looks', mailed('looks')),
      add('plain', mailed('plain')),
      postgres && add('postgres', { ...mailed('postgres'), REKEY_DATABASE: emptyDatabase(postgres) }),
      add('demo', {}),
    ])
    const world: World = { folder, mail: { smtp: smtp.smtp, http: smtp.http, password: smtp.password }, servers }
    process.env.REKEY_TEST_WORLD = JSON.stringify(world)
  } catch (error) {
    await tearDown().catch(() => {})
    throw error
  }
  return tearDown
}

async function startRekey(
  name: ServerName,
  data: string,
  logs: string,
  given: Record<string, string>,
): Promise<Server> {
  const settings: Record<string, string> = {
    REKEY_DATA: data,
    // Each story comes from an address of its own, as people do, and says so.
    REKEY_TRUSTED_PROXIES: '127.0.0.1,::1',
    ...given,
  }
  const demo = await start(name, [program, 'demo', '--listen', '127.0.0.1:0'], settings, logs)
  if (name === 'demo') return { name, url: demo, settings }
  // The demo has filled the database; from here on it is a server like any other.
  await stop(name)
  const port = await freePort()
  settings.REKEY_LISTEN = `127.0.0.1:${port}`
  const url = await start(name, [program, 'serve'], settings, logs)
  return { name, url, settings }
}

/** Starts a program and waits for what it says to be ready with. */
function start(name: string, command: string[], settings: Record<string, string>, logs: string): Promise<string> {
  const log = join(logs, `${name}.log`)
  const file = openSync(log, 'a')
  const [path, ...rest] = command
  const process = spawn(path!, rest, { env: environment(settings), stdio: ['ignore', 'pipe', file] })
  closeSync(file)
  running.push({ process, name, log })
  return new Promise((ready, fail) => {
    let said = ''
    process.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /^Ready: (.*)$/m.exec(said)
      if (found) ready(found[1]!)
    })
    process.once('error', fail)
    process.once('exit', (code, signal) => {
      fail(new Error(`${command.join(' ')} ended (${code ?? signal}):\n${readFileSync(log, 'utf8').slice(-4000)}`))
    })
  })
}

/** Stops a program as a service manager does; one that does not end well is a fault. */
async function stop(name: string): Promise<void> {
  const place = running.findIndex((one) => one.name === name)
  const [{ process, log }] = running.splice(place, 1) as [(typeof running)[0]]
  if (process.exitCode === null && process.signalCode === null) {
    const ended = new Promise((resolve) => process.once('exit', resolve))
    process.kill('SIGTERM')
    await ended
  }
  if (name === 'smtp') return
  if (process.exitCode !== 0) throw new Error(`${name} ended with ${process.exitCode ?? process.signalCode}: ${log}`)
  const errors = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => / ERROR /.test(line.replaceAll(/\x1b\[[0-9;]*m/g, '')))
  if (errors.length > 0) throw new Error(`${name} logged errors (${log}):\n${errors.slice(0, 5).join('\n')}`)
}

async function stopAll(): Promise<void> {
  const faults: unknown[] = []
  // The mail server last: the others may still be talking to it.
  for (const { name } of [...running].sort((a, b) => Number(a.name === 'smtp') - Number(b.name === 'smtp'))) {
    await stop(name).catch((fault: unknown) => faults.push(fault))
  }
  if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join('\n'))
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Creates a database beside the one of the URL, and returns its own URL. */
function emptyDatabase(url: string): string {
  const name = `end2end_${Date.now()}`
  const psql = spawnSync('psql', ['--no-psqlrc', '--quiet', '--command', `CREATE DATABASE ${name}`, url])
  if (psql.status !== 0) throw new Error(`psql: ${psql.error ?? psql.stderr}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

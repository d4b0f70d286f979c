// A Comet Backup server for a story to itself: the stand-in that portal's tests use as well. Who is
// there, and how it is driven, stands at the top of portal/tests/stand_ins/comet.py.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { generate } from 'selfsigned'

const program = resolve(import.meta.dirname, '../../portal/tests/stand_ins/comet.py')

/** What may happen to a call, before or after it is done. */
export type Fault =
  | 'hang'
  | 'hang_after'
  | 'cut'
  | 'cut_after'
  | 'half_after'
  | '500'
  | '500_after'
  | 'garbage'
  | 'garbage_after'

/** What a user there is like, as far as stories care. */
export interface CometUser {
  password?: string
  /** Whether administrators may set the password. */
  consent?: boolean
  suspended?: boolean
  /** Whether a code is asked for as well. */
  totp?: boolean
  email?: string
  account_name?: string
}

/** A call that was made. */
export interface CometCall {
  endpoint: string
  parameters: Record<string, string>
  /** How it was answered, unless it was not. */
  status: number | null
}

interface Shown {
  password: string
  consent: boolean
  require_change: boolean
  opens_vaults: boolean
}

export class Comet {
  /** The administrator that Rekey signs in as. */
  readonly user = 'rekey'
  readonly password = 'let-rekey-in'
  /** Where it is, for the form in which a connector is set up. */
  readonly address: string
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, address: string) {
    this.#process = process
    this.address = address
  }

  /** Starts one; `strange` has a certificate that nobody trusts, and cannot be driven. */
  static async start({ strange = false, users = 0 } = {}): Promise<Comet> {
    const folder = strange ? mkdtempSync(join(tmpdir(), 'rekey-comet-')) : undefined
    try {
      const process = spawn('python3', [program, '--users', `${users}`, ...(folder ? await certificate(folder) : [])], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const ended = once(process, 'exit').then(([code]) => Promise.reject(new Error(`comet.py ended with ${code}`)))
      // Later on it ends because it is told to.
      ended.catch(() => {})
      const [port] = (await Promise.race([once(createInterface(process.stdout), 'line'), ended])) as [string]
      return new Comet(process, strange ? `https://localhost:${port}/` : `http://127.0.0.1:${port}/`)
    } finally {
      if (folder) rmSync(folder, { recursive: true })
    }
  }

  /** Stops it; nobody answers at its address any more. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin!.end()
    await ended
  }

  /** What happens to the next calls of an endpoint, or of all of them (`*`). */
  async fails(endpoint: string, kind: Fault, times = 1): Promise<void> {
    await this.#order({ do: 'fault', endpoint, kind, times })
  }

  /** Nothing fails any more, and what hangs ends. */
  async calmsDown(): Promise<void> {
    await this.#order({ do: 'calm' })
  }

  /** Speaks this language from now on, whatever it is asked for. */
  async speaks(language: 'en' | 'de'): Promise<void> {
    await this.#order({ do: 'language', to: language })
  }

  /** Has another password for the administrator. */
  async locksRekeyOut(): Promise<void> {
    await this.#order({ do: 'admin', password: 'another one' })
  }

  async adds(name: string, user: CometUser = {}): Promise<void> {
    await this.#order({ do: 'add', name, ...user })
  }

  async changes(name: string, user: CometUser): Promise<void> {
    await this.#order({ do: 'set', name, ...user })
  }

  async removes(name: string): Promise<void> {
    await this.#order({ do: 'remove', name })
  }

  /** Deletes a user and makes another one of the same name. */
  async recreates(name: string): Promise<void> {
    await this.#order({ do: 'recreate', name })
  }

  /** How a user is. */
  async shows(name: string): Promise<Shown> {
    return (await this.#order({ do: 'user', name })) as Shown
  }

  /** Whether somebody can sign in there, tried as they would. */
  async admits(name: string, password: string): Promise<boolean> {
    const response = await fetch(new URL('api/v1/user/web/session/start', this.address), {
      method: 'POST',
      body: new URLSearchParams({ Username: name, AuthType: 'Password', Password: password }),
    })
    return response.ok
  }

  /** The calls so far. */
  async calls(): Promise<CometCall[]> {
    return ((await this.#order({ do: 'calls' })) as { calls: CometCall[] }).calls
  }

  async #order(order: object): Promise<unknown> {
    const response = await fetch(new URL('__stand_in', this.address), { method: 'POST', body: JSON.stringify(order) })
    const answer = (await response.json()) as { error?: string }
    if (answer.error) throw new Error(`comet.py: ${answer.error}, when told ${JSON.stringify(order)}`)
    return answer
  }
}

/** Writes a certificate that nobody trusts into a folder; returns how the stand-in is told. */
async function certificate(folder: string): Promise<string[]> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' })
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, made.cert)
  writeFileSync(key, made.private)
  return ['--tls', cert, key]
}

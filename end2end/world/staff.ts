// Staff of a story's own: what one of them does is limited, and a newer file replaces an older one.

import { spawnSync } from 'node:child_process'

import { expect } from '@playwright/test'

import type { Person } from './people.ts'
import { type Server, environment, program } from './servers.ts'

let made = 0

/** Somebody of an organization, usually Northwind Backup, new there. */
export function someStaff(rekey: Server, role: 'owner' | 'admin' | 'agent' | 'auditor', organization = 'Northwind Backup'): Person {
  const name = { owner: 'Otto Owner', admin: 'Ada Min', agent: 'Hedy Desk', auditor: 'Audra Reed' }[role]
  const email = `${role}-${process.pid}-${Date.now()}-${made++}@northwind.example`
  const words = ['staff', 'create', '--organization', organization, '--email', email, '--name', name, '--role', role]
  const done = spawnSync(program, words, { env: environment(rekey.settings), encoding: 'utf8' })
  expect(done.status, done.stderr).toBe(0)
  return { name, email, password: done.stdout.trim().split(': ').pop()! }
}

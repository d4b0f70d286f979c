import { spawnSync } from 'node:child_process'

import { PASSWORD } from '../world/people.ts'
import { environment, program } from '../world/servers.ts'
import { expect, test } from '../world/story.ts'

const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }

test('staff who forgot the password are told why there is no link, and are set free by the operator', { tag: '@journey' }, async ({
  visitor,
  rekey,
  mailbox,
}, info) => {
  const command = (...words: string[]): string => {
    const done = spawnSync(program, words, { env: environment(rekey.settings), encoding: 'utf8' })
    expect(done.status, done.stderr).toBe(0)
    return done.stdout.trim()
  }
  const email = `help-desk-${info.workerIndex}-${Date.now()}@northwind.example`
  const said = command('staff', 'create', '--organization', 'Northwind Backup', '--email', email, '--name', 'Hedy Desk', '--role', 'agent')
  const first = said.split(': ').pop()!
  await visitor.triesToSignIn({ email, password: first })
  await visitor.sees('Welcome, Hedy Desk')
  await visitor.reads('Your role at Northwind Backup: agent.')

  await visitor.forgets(email)
  const mail = await mailbox.next(email)
  expect(mail.subject).toBe('Your password cannot be reset by email')
  expect(mail.text).toContain('rekey staff reset-password')
  expect(mail.text).not.toMatch(/\/reset\//)

  const second = command('staff', 'reset-password', email).split(': ').pop()!
  expect(second).not.toBe(first)
  expect((await mailbox.next(email)).subject).toBe('Your password was changed')
  await visitor.opens('/')
  await visitor.sees('Sign in')
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn({ email, password: first })
  await visitor.isNotLetIn()
  await visitor.triesToSignIn({ email, password: second })
  await visitor.sees('Welcome, Hedy Desk')
})

test('it is told with what staff sign in, and what each role may do', async ({ visitor }) => {
  await visitor.comesAsStaff(ADA, '/organization/staff')
  await visitor.sees('Staff')
  await visitor.reads('Password only')
  const table = visitor.page.getByRole('table', { name: 'What each role may do' })
  const may = (what: string) => table.getByRole('row').filter({ hasText: what }).getByRole('cell')
  await expect(may('Mail links to new passwords')).toHaveText(['Owner', 'Admin', 'Agent', '–'])
  await expect(may('Close disputes')).toHaveText(['Owner', '–', '–', '–'])
  await expect(may('Read and export the audit log')).toHaveText(['Owner', 'Admin', '–', 'Auditor'])
})

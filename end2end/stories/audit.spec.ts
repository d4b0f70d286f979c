// Who did what: owners, admins and auditors read it, verify it, and take it with them.

import { readFileSync } from 'node:fs'

import type { Person } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const PASSWORD = 'harbour lantern mosaic'
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }
const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: PASSWORD }

const lines = (visitor: Visitor) => visitor.page.locator('ol.rows > li')

async function atTheLog(visitor: Visitor): Promise<void> {
  await visitor.comesAsStaff(ADA)
  await visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Audit log' }).click()
  await visitor.sees('Audit log')
  await visitor.reads('What happened in Northwind Backup and below, newest first.')
}

/** The agent mails a customer a link, with a reason. */
async function mailsALink(visitor: Visitor, agent: Person, { email, name }: Person, reason: string): Promise<void> {
  await visitor.comesAsStaff(agent, `/customers?q=${encodeURIComponent(email)}`)
  await visitor.follows(`Manage ${name}`)
  await visitor.fills({ 'Your own password': agent.password })
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
  await visitor.presses('Continue')
  await visitor.fills({ Reason: reason, 'Ticket number (optional)': 'T-77' })
  await visitor.presses('Send reset email to customer')
  await visitor.reads(/A link is on its way/)
}

test('an auditor finds who did what, and why', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, customer, rekey }) => {
  await mailsALink(await anotherVisitor(), someStaff(rekey, 'agent'), customer, 'Knows the last invoice')
  await atTheLog(visitor)
  await visitor.fills({ Customer: customer.email })
  await visitor.page.getByLabel('Action', { exact: true }).selectOption('Link to a new password mailed by staff')
  await visitor.presses('Show')
  await expect(visitor.page).toHaveURL(/customer=.*&kind=staff_link_sent/)
  await expect(lines(visitor)).toHaveCount(1)
  const sentence = `Hedy Desk mailed ${customer.name} a link to a new password`
  await expect(lines(visitor).first()).toContainText(sentence)
  await visitor.reads('Knows the last invoice · Ticket T-77')
  // The address is the whole view.
  await visitor.reloads()
  await expect(lines(visitor)).toHaveCount(1)
  await expect(visitor.field('Customer')).toHaveValue(customer.email)

  await visitor.follows(sentence)
  await visitor.sees('Audit entry')
  await visitor.reads('Knows the last invoice')
  await visitor.reads(/^[0-9a-f]{64}$/)
  // Whose page is nothing to an auditor's changes, but may be read.
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await visitor.goesBack()
  await visitor.sees('Audit entry')
  await visitor.page.locator('#content').getByRole('link', { name: 'Audit log' }).click()
  await visitor.sees('Audit log')

  await visitor.fills({ Who: 'nobody is called so' })
  await visitor.presses('Show')
  await visitor.reads('No entry fits. Check the days and the names, or show everything.')
  await visitor.follows('Show everything')
  await expect(lines(visitor).nth(1)).toBeVisible()
  await visitor.fills({ To: '2020-01-01' })
  await visitor.presses('Show')
  await visitor.reads('No entry fits. Check the days and the names, or show everything.')
})

test('the chain is verified, and the answer is a sentence', { tag: '@phone' }, async ({ visitor }) => {
  await atTheLog(visitor)
  await visitor.presses('Verify chain')
  await visitor.reads(/^Every line is as it was written\. Lines: \d+; organizations: \d\.$/)
})

test('the log is taken away as a file, after confirming that it is oneself', { tag: '@journey' }, async ({ visitor }) => {
  await atTheLog(visitor)
  await visitor.opens('/audit?kind=signed_in')
  await visitor.presses('Export as CSV')
  await visitor.sees('Confirm that it is you')
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Your own password': 'not the password at all' })
  await visitor.presses('Continue')
  await visitor.isToldAt('Your own password', 'This is not your current password.')
  await visitor.fills({ 'Your own password': PASSWORD })
  await visitor.presses('Continue')
  await visitor.sees('Audit log')
  await expect(visitor.page).toHaveURL('/audit?kind=signed_in')
  for (const [button, name, begins] of [
    ['Export as CSV', 'audit.csv', 'at,organization,action,'],
    ['Export as JSON Lines', 'audit.jsonl', '{"at":"'],
  ] as const) {
    const download = visitor.page.waitForEvent('download')
    await visitor.presses(button)
    const file = await download
    expect(file.suggestedFilename()).toBe(name)
    const text = readFileSync(await file.path(), 'utf8')
    expect(text.startsWith(begins)).toBe(true)
    expect(text).toContain('signed_in')
    expect(text).not.toContain('audit_exported')
  }
  await visitor.opens('/audit?kind=audit_exported')
  await visitor.reads('Ada Quist exported entries of the audit log')
})

test('what happens is followed live', { tag: '@live' }, async ({ visitor, anotherVisitor, customer }) => {
  await atTheLog(visitor)
  await visitor.opens(`/audit?customer=${encodeURIComponent(customer.email)}`)
  await visitor.reads('No entry fits.')
  await visitor.follows('Follow live')
  await visitor.reads('Following live')
  const owner = await anotherVisitor()
  await owner.isSignedIn(customer)
  await expect(lines(visitor)).toHaveCount(1, { timeout: 15_000 })
  await visitor.reads(`${customer.name} signed in`)
  await visitor.follows('Stop following')
  await expect(visitor.page).not.toHaveURL(/live/)
})

test('another reseller’s entries are as good as none', async ({ visitor, customer }) => {
  await visitor.comesAsStaff(ADA)
  visitor.expectsRefusal(404)
  for (const path of ['/audit/00000000-0000-0000-0000-000000000000', '/audit/nothing', '/audit?scope=00000000-0000-0000-0000-000000000000']) {
    await visitor.opens(path)
    await visitor.reads('There is nothing here, or nothing that you may see.')
  }
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')
  await visitor.isSignedIn(customer, '/audit')
  await visitor.reads('There is nothing here, or nothing that you may see.')
  await visitor.presses('Sign out')
  // The help desk does not watch itself.
  await visitor.comesAsStaff(ARUN)
  await expect(visitor.page.getByRole('link', { name: 'Audit log' })).toHaveCount(0)
  visitor.expectsRefusal(403)
  await visitor.opens('/audit')
  await visitor.reads('Your role does not allow that. Ask an owner or an admin.')
})

// A second factor that was lost: staff remove it, and whoever still has it keeps it.

import { agentWithPhone, asksForRemoval, comesToCustomer, verifiesCaller } from '../world/lost-factor.ts'
import { linkIn } from '../world/mail.ts'
import { PASSWORD } from '../world/people.ts'
import { turnsTwoFactorOn } from '../world/phone.ts'
import { expect, test } from '../world/story.ts'

const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: PASSWORD }

test('a customer’s lost factor is removed once the caller has read a mailed code back', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  rekey,
  mailbox,
}) => {
  test.slow()
  await turnsTwoFactorOn(visitor, customer)
  const desk = await anotherVisitor()
  await comesToCustomer(desk, rekey, customer)
  await desk.reads('Before a second factor is removed, the caller has to read back a code')
  await expect(desk.page.getByRole('button', { name: 'Show it in their account' })).toHaveCount(0)
  await verifiesCaller(desk, mailbox, customer.email)
  await desk.reads('Authenticator app, passkeys and recovery codes are removed at once.')
  desk.expectsRefusal(422)
  await desk.fills({ 'Ticket number (optional)': 'T-77' })
  await desk.presses('Remove the factor')
  await desk.isToldAt('Reason', 'Please fill this in.')
  await expect(desk.field('Ticket number (optional)')).toHaveValue('T-77')
  await desk.fills({ Reason: 'The phone fell into the harbour' })
  await desk.presses('Remove the factor')
  await desk.reads('The second factor is removed, every session has ended')

  const told = await mailbox.mentioning(customer.email, 'sign in and set up a new one soon')
  expect(told.subject).toBe('Your second factor was removed')
  await visitor.opens('/account')
  await visitor.sees('Sign in')
  await visitor.isSignedIn(customer, linkIn(told, 'confirm'))
  await visitor.sees('Was this not you?')
})

test('staff who still have the factor keep it by the mailed link', { tag: ['@journey'] }, async ({
  visitor,
  anotherVisitor,
  rekey,
  mailbox,
}) => {
  test.slow()
  const { agent } = await agentWithPhone(visitor, rekey)
  const desk = await anotherVisitor()
  await asksForRemoval(desk, rekey, mailbox, agent)
  await desk.reads('Ada Min of Northwind Backup asked for it.')
  const mail = await mailbox.mentioning(agent.email, '/keep/')
  expect(mail.subject).toBe('Is your second factor really lost?')
  const anybody = await anotherVisitor()
  const link = linkIn(mail, 'keep')
  await anybody.opens(link)
  await anybody.sees('Keep your second factor?')
  // The address holds the token no more.
  expect(anybody.page.url()).not.toContain(link.split('/').pop())
  await anybody.presses('Keep my second factor')
  await anybody.sees('Your second factor stays')
  anybody.expectsRefusal(410)
  await anybody.opens(link)
  await anybody.sees('This link cannot be used')
  await desk.reloads()
  await desk.reads('Who is calling?')
})

test('a removal that waits is told on every page of theirs, and ends there or where it was asked for', { tag: ['@phone'] }, async ({
  visitor,
  anotherVisitor,
  rekey,
  mailbox,
}) => {
  test.slow()
  const { agent, phone } = await agentWithPhone(visitor, rekey)
  const desk = await anotherVisitor()
  await asksForRemoval(desk, rekey, mailbox, agent)
  for (const path of ['/customers', '/account/security']) {
    await visitor.opens(path)
    await visitor.reads('Your second factor is about to be removed.')
  }
  await visitor.presses('Keep my second factor')
  await visitor.reads('Your second factor stays. Nothing is removed.')
  await visitor.opens('/customers')
  await expect(visitor.page.getByText('is about to be removed')).toHaveCount(0)

  const superior = await anotherVisitor()
  await asksForRemoval(superior, rekey, mailbox, agent)
  await superior.presses('Stop the removal')
  await superior.reads('The removal is stopped: the second factor stays.')

  const once = await anotherVisitor()
  await asksForRemoval(once, rekey, mailbox, agent)
  const elsewhere = await anotherVisitor()
  await elsewhere.triesToSignIn(agent)
  await elsewhere.fills({ Code: await phone.shows() })
  await elsewhere.presses('Confirm')
  await elsewhere.sees(`Welcome, ${agent.name}`)
  await expect(elsewhere.page.getByText('is about to be removed')).toHaveCount(0)
})

test('who may not remove a factor is told who may', async ({ visitor, anotherVisitor, customer }) => {
  test.slow()
  await turnsTwoFactorOn(visitor, customer)
  const desk = await anotherVisitor()
  await desk.comesAsStaff(ARUN, `/customers?q=${encodeURIComponent(customer.email)}`)
  await desk.follows(customer.name)
  await desk.reads('Owners and admins remove a factor that was lost.')
  await expect(desk.page.getByRole('link', { name: 'Remove lost factor' })).toHaveCount(0)
  await desk.opens(`${new URL(desk.page.url()).pathname}/factor`)
  await desk.reads('Your role does not allow you to remove second factors. Ask an admin or an owner.')
})

// New passwords on their way to other systems: what stands in the way, what goes wrong, and what is
// said about it.

import { Comet } from '../world/comet.ts'
import { TYPED, comesToCustomer, comesToWhere, links, setsUpComet, typesAlso } from '../world/connectors.ts'
import { linkIn } from '../world/mail.ts'
import { someConsentingCustomer } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'

const NEXT = 'velvet tractor umbrella nine'

test('what stands in the way in another system is said where one chooses it', async ({ visitor, rekey, comet, server }) => {
  test.slow()
  const customer = someConsentingCustomer(server)
  const system = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, system, 'acme01')
  const isToldOf = async (what: string) => {
    await comesToWhere(visitor, customer)
    const option = visitor.field('Where does it apply?').locator('option', { hasText: system })
    await expect(option).toBeDisabled()
    await expect(visitor.field('Where does it apply?')).toHaveValue('portal')
    await visitor.reads(what)
  }
  await comet.changes('acme01', { consent: false })
  await isToldOf('The customer has not allowed resets there.')
  await comet.changes('acme01', { consent: true, suspended: true })
  await isToldOf('The account is suspended there.')
  // In whatever language it says so.
  await comet.speaks('de')
  await isToldOf('The account is suspended there.')
  await comet.speaks('en')
  await comet.recreates('acme01')
  await isToldOf('The account was deleted there and created again.')
  await comet.removes('acme01')
  await isToldOf('There is no such account.')
  await comet.locksRekeyOut()
  await isToldOf('It does not take the sign-in')
  await comet.stop()
  await isToldOf('It cannot be reached at present.')
})

test('a system with a certificate that nobody trusts is not added', async ({ visitor, rekey, comet }) => {
  const strange = await Comet.start({ strange: true })
  try {
    visitor.expectsRefusal(422)
    await setsUpComet(visitor, rekey, comet)
    await visitor.opens('/organization/connectors')
    await visitor.follows('Add a connector')
    await visitor.follows('Comet Backup')
    await visitor.fills({ Name: 'Strange', Address: strange.address, 'Signs in as': 'rekey', Password: 'let-rekey-in' })
    await visitor.presses('Test and add')
    await visitor.isToldAt('Address', 'Its certificate is not trusted, so nothing was sent.')
  } finally {
    await strange.stop()
  }
})

test('an answer that gets lost is found out, and never called a failure', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  rekey,
  comet,
  server,
}) => {
  test.slow()
  const system = await setsUpComet(visitor, rekey, comet)
  for (const [number, fault] of (['cut_after', '500_after', 'garbage_after'] as const).entries()) {
    const customer = someConsentingCustomer(server)
    const account = `lost${number}`
    await comet.adds(account, { consent: true })
    await links(visitor, customer, system, account)
    await comet.fails('admin/reset-user-password', fault)
    await typesAlso(visitor, customer, system)
    await visitor.reads('Password updated')
    await expect(visitor.page.locator('dl.facts .state-ok')).toHaveCount(2)
    expect(await comet.admits(account, TYPED)).toBe(true)
  }
})

test('a system that does not answer is waited for, and asked whether it was done', async ({ visitor, rekey, comet, server }) => {
  test.slow()
  const customer = someConsentingCustomer(server)
  const system = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, system, 'acme01')
  await comet.fails('admin/reset-user-password', 'hang_after')
  await typesAlso(visitor, customer, system)
  // It takes longer than anybody waits for a page.
  await visitor.reads('The new password is on its way. How far it is stands below.')
  await expect(async () => {
    if (!visitor.isLive) await visitor.reloads()
    await expect(visitor.page.locator('dl.facts .state-ok')).toHaveCount(2, { timeout: 2_000 })
  }).toPass({ timeout: 60_000 })
  expect(await comet.admits('acme01', TYPED)).toBe(true)
})

test('a system that refuses leaves everything as it was', async ({ visitor, rekey, comet, server }) => {
  const customer = someConsentingCustomer(server)
  const system = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, system, 'acme01')
  await comesToWhere(visitor, customer)
  await visitor.field('Where does it apply?').selectOption({ label: `Also apply changes to the ${system} account` })
  await visitor.presses('Continue')
  // Meanwhile, on the customer's own machine.
  await comet.changes('acme01', { consent: false })
  visitor.expectsRefusal(422)
  await visitor.fills({ 'New password': TYPED, 'Retype new password': TYPED, Reason: 'Called' })
  await visitor.presses('Set password')
  await visitor.reads('The customer has not allowed resets there.')
  expect(await comet.admits('acme01', 'before-acme01')).toBe(true)
})

test('a system that answers too late is tried again, and left as it is where nothing helps', { tag: ['@journey'] }, async ({
  visitor,
  anotherVisitor,
  rekey,
  comet,
  server,
}) => {
  test.slow()
  const customer = someConsentingCustomer(server)
  const system = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, system, 'acme01')
  // Nobody knows whether it was done, whatever is asked.
  await comet.fails('admin/reset-user-password', '500', 50)
  await typesAlso(visitor, customer, system)
  await visitor.reads('A system does not have it, or may not have it.')
  await expect(visitor.page.locator('dl.facts')).toContainText('Not known')
  await visitor.follows('See what can be done')
  await visitor.reads('It is tried again by itself for a quarter of an hour.')

  // The customer, who got in with the new one, is told.
  const owner = await anotherVisitor()
  await owner.triesToSignIn({ email: customer.email, password: TYPED })
  await owner.sees('Choose your own password')

  await visitor.opens('/resets?state=needs_attention')
  await visitor.reads(`${system}: acme01: may or may not have it`)
  await visitor.page.locator('li.row', { hasText: customer.email }).getByRole('link', { name: 'See where it works' }).click()
  await comet.calmsDown()
  await visitor.presses('Try again now')
  await visitor.reads('The new password works everywhere it should.')
  expect(await comet.admits('acme01', TYPED)).toBe(true)

  // Once more, and nothing helps.
  await comet.fails('admin/reset-user-password', '500', 50)
  await typesAlso(visitor, customer, system, NEXT)
  await visitor.follows('See what can be done')
  await visitor.fills({ Reason: 'They sign in there with a key' })
  await visitor.presses('Leave it as it is')
  await visitor.reads('It is left as it is.')
  await comesToCustomer(visitor, customer)
  await visitor.reads('The password there is another one than here')
  await owner.triesToSignIn({ email: customer.email, password: NEXT })
  await owner.sees('Choose your own password')
})

test('agents send links that go there too, and the customer’s choice does', { tag: ['@journey'] }, async ({
  visitor,
  anotherVisitor,
  mailbox,
  rekey,
  comet,
  server,
}) => {
  const customer = someConsentingCustomer(server)
  const owner = await anotherVisitor()
  const system = await setsUpComet(owner, rekey, comet)
  await links(owner, customer, system, 'acme01')
  const agent = someStaff(rekey, 'agent')
  await visitor.comesAsStaff(agent)
  await comesToCustomer(visitor, customer)
  await visitor.follows('Password: Manage')
  await visitor.fills({ 'Your own password': agent.password })
  await visitor.presses('Continue')
  await expect(visitor.field('Where does it apply?')).not.toHaveValue('portal')
  await visitor.presses('Continue')
  await visitor.fills({ Reason: 'Forgot it' })
  await visitor.presses('Send reset email to customer')
  await visitor.reads(`A link is on its way to ${customer.email}.`)
  const mail = await mailbox.next(customer.email)
  const reader = await anotherVisitor()
  await reader.opens(linkIn(mail, 'reset'))
  await reader.sees('Choose a new password')
  await reader.chooses(NEXT)
  await expect.poll(() => comet.admits('acme01', NEXT)).toBe(true)
})

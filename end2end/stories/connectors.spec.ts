// Downstream systems: set up by owners, customers linked to their accounts there, and looked at.

import { Comet } from '../world/comet.ts'
import { comesToCustomer, comesToNewConnector, links, setsUpComet, someName } from '../world/connectors.ts'
import { someCustomer } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'

test('a system is tried before it is added, and shows what is there', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  rekey,
  comet,
}) => {
  await comesToNewConnector(visitor, rekey)
  const name = someName()
  visitor.expectsRefusal(422)
  await visitor.fills({ Name: name, Address: comet.address, 'Signs in as': comet.user, Password: 'not this one' })
  await visitor.presses('Test and add')
  await visitor.isToldAt('Password', 'It does not take the sign-in')
  await expect(visitor.field('Address')).toHaveValue(comet.address)
  await visitor.fills({ Password: comet.password })
  await visitor.presses('Test and add')
  await visitor.sees(name)
  await visitor.reads('The connector is added. 6 accounts, 5 of them allow resets.')
  await expect(visitor.field('Password')).toHaveValue('')

  await visitor.fills({ Name: `${name} PLUS` })
  await visitor.presses('Test and save')
  await visitor.reads('Saved.')
  await visitor.sees(`${name} PLUS`)
  await visitor.presses('Test now')
  await visitor.reads('It works. 6 accounts, 5 of them allow resets.')
  await visitor.presses('Disable the connector')
  await visitor.reads('The connector is disabled.')
  await visitor.presses('Enable the connector')
  await visitor.reads('The connector is in use again.')

  await visitor.opens('/organization/connectors')
  await visitor.follows(`${name} PLUS`)
  await visitor.fills({ 'Name of the connector': 'something else' })
  await visitor.presses('Remove the connector')
  await visitor.isToldAt('Name of the connector', 'Please type it exactly as it stands above.')
  await visitor.fills({ 'Name of the connector': `${name} PLUS` })
  await visitor.presses('Remove the connector')
  await visitor.reads('The connector is removed, with its links.')
  await expect(visitor.page.getByRole('link', { name: `${name} PLUS` })).toHaveCount(0)
})

test('a customer’s account there is linked, shown beside the customer, and found', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  rekey,
  comet,
  customer,
}) => {
  const name = await setsUpComet(visitor, rekey, comet)
  await comesToCustomer(visitor, customer)
  await visitor.follows('Services')
  visitor.expectsRefusal(422)
  await visitor.field('System').selectOption({ label: name })
  await visitor.fills({ 'Name of the account there': 'acme99' })
  await visitor.presses('Link the account')
  await visitor.isToldAt('Name of the account there', 'There is no such account.')
  await visitor.fills({ 'Name of the account there': 'acme01' })
  await visitor.presses('Link the account')
  await visitor.reads('The account is linked.')

  await comesToCustomer(visitor, customer)
  const panel = visitor.page.locator('section', { has: visitor.page.getByRole('heading', { name: `${name} Account Overview` }) })
  // Where code runs the system is asked by itself.
  if (!visitor.isLive) {
    await expect(panel).toContainText('The system was not asked yet.')
    await panel.getByRole('button', { name: 'Ask again' }).click()
  }
  await expect(panel).toContainText('120 GB of 500 GB')
  await expect(panel).toContainText('2 of 5')
  await expect(panel).toContainText('FRONT-DESK, LAPTOP-7')
  await expect(panel).toContainText('Office NAS')
  await expect(panel).toContainText('Can be set from here.')
  await expect(panel).toContainText('As of')
  await expect(panel.getByRole('link', { name: 'Manage' })).toHaveAttribute('href', /\/password$/)

  // The customer takes the permission away there; then the system goes down.
  await comet.changes('acme01', { consent: false })
  await panel.getByRole('button', { name: 'Ask again' }).click()
  await expect(panel).toContainText('The customer has not allowed resets there.')
  await comet.stop()
  await panel.getByRole('button', { name: 'Ask again' }).click()
  await expect(panel).toContainText('It cannot be reached at present.')
  await expect(panel).toContainText('120 GB of 500 GB')

  await visitor.opens('/customers')
  await visitor.follows(`${name} customers`)
  await visitor.reads('acme01')
  await expect(visitor.page.locator('a[data-row]')).toHaveText([customer.name])
  await comesToCustomer(visitor, customer)
  await visitor.follows('Services')
  await visitor.presses('Unlink acme01')
  await visitor.reads('The account is unlinked.')
  await visitor.reads('No services are connected.')
})

test('accounts that are there already are taken in: some, then all', { tag: ['@journey'] }, async ({
  visitor,
  rekey,
  comet,
  server,
}) => {
  const linked = someCustomer(server)
  const stamp = `${process.pid}-${Date.now()}`
  for (const name of ['acme01', 'acme02', 'acme03', 'acme04', 'acme05', 'acme06']) await comet.removes(name)
  await comet.adds('theirs', { email: linked.email })
  await comet.adds('new01', { email: `nia-${stamp}@novak.example`, account_name: `Nia ${stamp}` })
  await comet.adds('new02', { email: `noa-${stamp}@novak.example`, account_name: `Noa ${stamp}` })
  await comet.adds('nobody')
  const name = await setsUpComet(visitor, rekey, comet)
  await visitor.follows('Import accounts')
  await visitor.sees('Import accounts')
  await visitor.reads(`Belongs to ${linked.name}`)
  await visitor.reads('No customer, and no email address to create one with')
  const pick = (name: string) => visitor.page.locator(`input[type=checkbox][value=${name}]`)
  await expect(pick('nobody')).toHaveCount(0)
  await pick('new02').uncheck()
  await visitor.presses('Import the chosen ones')
  await visitor.reads('Linked: 1. Created: 1. Left as they were: 0.')
  await visitor.reads(`Linked to ${linked.name}`)
  await visitor.presses('Import all')
  await visitor.reads('Linked: 0. Created: 1. Left as they were: 3.')
  await visitor.opens('/customers')
  await visitor.follows(`${name} customers`)
  await expect(visitor.page.locator('a[data-row]')).toHaveCount(3)
  await visitor.reads(`Noa ${stamp}`)
})

test('very many accounts are taken in one part after the other', async ({ visitor, rekey }) => {
  test.slow()
  const many = await Comet.start({ users: 130 })
  try {
    await setsUpComet(visitor, rekey, many)
    await visitor.follows('Import accounts')
    await visitor.reads('1 to 100 of 136')
    await visitor.page.getByRole('link', { name: 'Next' }).click()
    await visitor.reads('101 to 136 of 136')
    await visitor.follows('From the beginning')
    await visitor.presses('Import all')
    if (!visitor.isLive) {
      await visitor.reads('Keep this page open.')
      await visitor.presses('Go on')
    }
    await expect(visitor.page).toHaveURL(/import\?linked=\d+&created=\d+&left=\d+$/)
    await visitor.reads(/^Linked: \d+\. Created: \d+\./)
  } finally {
    await many.stop()
  }
})

test('somebody who only looks after customers sees no settings', async ({ visitor, anotherVisitor, rekey, comet, customer }) => {
  const owner = await anotherVisitor()
  const name = await setsUpComet(owner, rekey, comet)
  await links(owner, customer, name, 'acme02')
  await visitor.comesAsStaff(someStaff(rekey, 'agent'))
  await comesToCustomer(visitor, customer)
  await visitor.follows('Services')
  await visitor.reads(`${name} Account Overview`)
  await expect(visitor.page.getByRole('button', { name: 'Link the account' })).toHaveCount(0)
  await expect(visitor.page.getByRole('button', { name: /Unlink/ })).toHaveCount(0)
  visitor.expectsRefusal(403)
  await visitor.opens('/organization/connectors')
  await visitor.reads('Your role does not allow that.')
})

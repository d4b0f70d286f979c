// A policy that asks for a second factor: counted down to, and then first of all.

import { type Person, alone, someCustomer } from '../world/people.ts'
import { generatesSecret, provesApp } from '../world/phone.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }

/** Freya says from when on her customers need a second factor. */
async function asks(freya: Visitor, choice: string, day = ''): Promise<void> {
  await freya.opens('/organization/policy/customer_factor_from')
  if (await freya.field('Your own password').isVisible()) {
    await freya.fills({ 'Your own password': FREYA.password })
    await freya.presses('Continue')
    await freya.reads('Your own value')
  }
  await freya.page.locator('#value').selectOption({ label: choice })
  await freya.page.locator('#value_day').fill(day)
  await freya.presses('Save')
}

/** Goes all the way through what stands before everything else. */
async function setsUp(visitor: Visitor, customer: Person): Promise<void> {
  await visitor.sees('Set up a second factor')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Continue')
  await visitor.reads('I understand')
  const phone = await generatesSecret(visitor, { asked: false })
  await provesApp(visitor, phone)
  await visitor.presses('I have saved these')
}

test('customers hear of it, and set a second factor up before anything else once it is due', { tag: '@postgres' }, async ({ visitor, anotherVisitor, server }) => {
  test.slow()
  const customer = someCustomer(server, 'fjord')
  await alone(server, 'fjord', async () => {
    const freya = await anotherVisitor()
    await freya.comesAsStaff(FREYA)
    freya.expectsRefusal(422)
    await asks(freya, 'From a day on', 'soon')
    await freya.isToldAt('Your own value', 'Please enter a date')
    await asks(freya, 'From a day on', '2999-01-31')
    await freya.reads('Saved: Second factor for customers.')
    await visitor.isSignedIn(customer)
    await visitor.reads('From 31 Jan 2999 (UTC) on, signing in takes a second factor.')

    await asks(freya, 'Already')
    await freya.reads('Saved: Second factor for customers.')
    await visitor.opens('/account/consent')
    await setsUp(visitor, customer)
    if (visitor.isLive) {
      await visitor.sees('Consent')
    } else {
      await visitor.sees('Security')
    }
    await visitor.opens('/account/security/two-factor')
    await visitor.reads('Your organization asks for a second factor, so it cannot be turned off.')
    await expect(visitor.page.getByRole('button', { name: 'Turn two-factor authentication off' })).toHaveCount(0)
    await asks(freya, 'Inherit')
    await freya.reads('Saved: Second factor for customers.')
  })
})

test('an address made up by somebody else does not lead away from here once a factor is set up', { tag: '@live' }, async ({ visitor, anotherVisitor, server }) => {
  test.slow()
  const customer = someCustomer(server, 'fjord')
  await alone(server, 'fjord', async () => {
    await visitor.isSignedIn(customer)
    const freya = await anotherVisitor()
    await freya.comesAsStaff(FREYA)
    await asks(freya, 'Already')
    await freya.reads('Saved: Second factor for customers.')
    await visitor.opens('/login/setup?next=//elsewhere.example/account')
    await setsUp(visitor, customer)
    await visitor.sees('Profile')
    await asks(freya, 'Inherit')
    await freya.reads('Saved: Second factor for customers.')
  })
})

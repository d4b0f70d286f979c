// Passkeys: keys in a device, instead of a code and instead of a password.

import { Device, addsPasskey, named } from '../world/device.ts'
import type { Person } from '../world/people.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

// Browsers keep passkeys for names, not for addresses.
test.use({ baseURL: async ({ rekey }, use) => use(named(rekey.url)) })

/** Signs in, proves who it is and adds the first passkey, with its recovery codes. */
async function turnsPasskeysOn(visitor: Visitor, customer: Person): Promise<Device> {
  const device = await Device.of(visitor)
  await visitor.isSignedIn(customer, '/account/security/passkeys')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Continue')
  await visitor.reads('Your device asks for your fingerprint')
  await addsPasskey(visitor, device, 'My laptop')
  if (!visitor.isLive) await visitor.follows('Save your recovery codes')
  await visitor.sees('Two-factor authentication')
  await visitor.presses('I have saved these')
  await visitor.reads('Updated: signing in now asks for your second factor.')
  return device
}

test.describe('with a device that keeps passkeys', () => {
  test.skip(({ scripts }) => scripts === 'off', 'passkeys need JavaScript, as the next story tells')

  test('a passkey is added, asked for, used without a password, and removed', { tag: ['@phone', '@journey'] }, async ({ visitor, customer, mailbox }) => {
    const device = await turnsPasskeysOn(visitor, customer)
    expect((await mailbox.next(customer.email)).subject).toBe('A passkey was added')
    const [key] = await device.keys()
    expect(key?.isResidentCredential, 'the device keeps it, and finds it without a name').toBe(true)
    await visitor.presses('Sign out')

    // As the second factor.
    await visitor.triesToSignIn(customer)
    await visitor.sees('Confirm that it is you')
    await device.touched(async () => {
      await visitor.presses('Use a passkey')
      await visitor.sees('Profile')
    })
    await visitor.presses('Sign out')

    // Instead of name and password.
    await visitor.opens('/login')
    await device.touched(async () => {
      await visitor.presses('Sign in with a passkey')
      await visitor.sees('Profile')
    })

    // A fresh proof, and gone.
    await visitor.opens('/account/security/passkeys')
    await visitor.reads('My laptop')
    await visitor.fills({ 'Your own password': customer.password })
    await device.touched(async () => {
      await visitor.presses('Use a passkey instead of a code')
      await visitor.reads('Your device asks for your fingerprint')
    })
    await visitor.presses('Remove “My laptop”')
    await visitor.reads('Removed: it is no longer accepted.')
    expect((await mailbox.next(customer.email)).subject).toBe('Two-factor authentication is off')
    await visitor.presses('Sign out')
    await visitor.opens('/login')
    visitor.expectsRefusal(422)
    await device.touched(async () => {
      await visitor.presses('Sign in with a passkey')
      await visitor.reads('This passkey does not sign you in here.')
    })
  })

  test('the browser offers a passkey among the names that it fills in', async ({ visitor, customer }) => {
    const device = await turnsPasskeysOn(visitor, customer)
    await visitor.presses('Sign out')
    await expect(visitor.field('User name or email')).toHaveAttribute('autocomplete', 'username webauthn')
    // Chromium picks the only passkey by itself, without a button, if a finger is there when the page asks.
    await device.touched(async () => {
      await visitor.opens('/login')
      await visitor.sees('Profile')
    })
  })

  test('a copied passkey is refused, and its owner told', async ({ visitor, customer, mailbox }) => {
    const device = await turnsPasskeysOn(visitor, customer)
    await mailbox.next(customer.email)
    const [key] = await device.keys()
    await visitor.presses('Sign out')
    await visitor.opens('/login')
    await device.touched(async () => {
      await visitor.presses('Sign in with a passkey')
      await visitor.sees('Profile')
    })
    await visitor.presses('Sign out')
    // Another device with the same key, which has not signed as often.
    await device.forgets()
    await device.keepsCopy(key!, 0)
    await visitor.triesToSignIn(customer)
    visitor.expectsRefusal(422)
    await device.touched(async () => {
      await visitor.presses('Use a passkey')
      await visitor.reads('This passkey is refused from now on')
    })
    const mail = await mailbox.next(customer.email)
    expect(mail.subject).toBe('A passkey of yours may have been copied')
  })

  test('calling it off leaves everything as it was', async ({ visitor, customer }) => {
    const device = await turnsPasskeysOn(visitor, customer)
    await visitor.presses('Sign out')
    await device.forgets()
    await visitor.triesToSignIn(customer)
    await visitor.sees('Confirm that it is you')
    await device.touched(async () => {
      await visitor.presses('Use a passkey')
      await visitor.reads('That did not work, or was called off.')
    })
    await visitor.follows('Use a recovery code instead')
    await visitor.reads('Recovery code')
  })
})

test('without JavaScript a page says that passkeys need it', async ({ visitor, customer, scripts }) => {
  test.skip(scripts !== 'off', 'the stories above tell what happens with it')
  await visitor.isSignedIn(customer, '/account/security/passkeys')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Continue')
  await visitor.reads('Passkeys need JavaScript, which is switched off in this browser.')
  await expect(visitor.page.getByRole('button', { name: 'Add a passkey' })).toBeHidden()
})

test.describe('at an address that is no name', () => {
  test.use({ baseURL: async ({ rekey }, use) => use(rekey.url) })

  test('the page says where passkeys work', async ({ visitor, customer, rekey }) => {
    await visitor.isSignedIn(customer, '/account/security/passkeys')
    await visitor.reads('Browsers keep no passkeys for bare addresses such as 127.0.0.1.')
    const link = visitor.page.getByRole('link', { name: `${named(rekey.url)}/account/security/passkeys` })
    await expect(link).toBeVisible()
    await visitor.opens('/login')
    await expect(visitor.page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden()
  })
})

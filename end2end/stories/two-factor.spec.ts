// A second factor: what happens after the password.

import { linkIn } from '../world/mail.ts'
import { turnsTwoFactorOn } from '../world/phone.ts'
import { expect, test } from '../world/story.ts'

const NEW = 'velvet tractor umbrella nine'

test('signing in asks for a code, and what is wrong with one is not told', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, customer, mailbox }) => {
  const desk = await anotherVisitor()
  const { phone, codes } = await turnsTwoFactorOn(desk, customer)
  expect((await mailbox.next(customer.email)).subject).toBe('Two-factor authentication is on')

  await visitor.triesToSignIn(customer)
  await visitor.sees('Confirm that it is you')
  // Nothing else opens before that.
  await visitor.opens('/account/security')
  await visitor.sees('Confirm that it is you')
  visitor.expectsRefusal(422)
  await visitor.fills({ Code: '000 000' })
  await visitor.presses('Confirm')
  await visitor.isToldAt('Code', 'This code was not accepted.')
  await visitor.fills({ Code: await phone.shows() })
  await visitor.presses('Confirm')
  await visitor.sees('Security')
  await visitor.reads('Pocket phone')

  await visitor.presses('Sign out')
  await visitor.triesToSignIn(customer)
  await visitor.follows('Use a recovery code instead')
  await visitor.fills({ 'Recovery code': codes[0]!.toUpperCase() })
  await visitor.page.getByRole('checkbox', { name: 'Do not ask for a code on this device for 30 days' }).check()
  await visitor.presses('Confirm')
  await visitor.sees('Profile')
  expect((await mailbox.next(customer.email)).text).toContain('9 are left')
  await visitor.presses('Sign out')
  await visitor.isSignedIn(customer, '/account/security')
  await visitor.reads('Devices that are not asked')
  await visitor.page.getByRole('button', { name: /Ask for a code again on/ }).click()
  await visitor.reads('That device is asked for a code again.')
})

test('too many wrong codes end a sign-in', async ({ visitor, anotherVisitor, customer }) => {
  await turnsTwoFactorOn(await anotherVisitor(), customer)
  await visitor.triesToSignIn(customer)
  visitor.expectsRefusal(422)
  for (let attempt = 0; attempt < 4; attempt++) {
    await visitor.fills({ Code: `wrong code ${attempt}` })
    await visitor.presses('Confirm')
    await visitor.isToldAt('Code', 'This code was not accepted.')
  }
  await visitor.fills({ Code: 'wrong again' })
  await visitor.presses('Confirm')
  await visitor.reads('This sign-in is over')
  await visitor.opens('/account')
  await visitor.sees('Sign in')
})

test('a link to a new password asks for a code, and leaves the factor as it was', { tag: '@journey' }, async ({ visitor, anotherVisitor, customer, mailbox }) => {
  const { phone, codes } = await turnsTwoFactorOn(await anotherVisitor(), customer)
  await mailbox.next(customer.email)
  await visitor.opens('/forgot')
  await visitor.fills({ 'User name or email': customer.email })
  await visitor.presses('Mail me a link')
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  visitor.expectsRefusal(422)
  await visitor.fills({ 'New password': NEW, 'Retype new password': NEW })
  await visitor.presses('Set new password')
  await visitor.isToldAt('Code from your authenticator app', 'Please fill this in.')
  await visitor.fills({ 'New password': NEW, 'Retype new password': NEW, 'Code from your authenticator app': codes[1]! })
  await visitor.presses('Set new password')
  await visitor.sees('Your new password is set')
  await visitor.triesToSignIn({ ...customer, password: NEW })
  await visitor.sees('Confirm that it is you')
  await visitor.fills({ Code: await phone.shows() })
  await visitor.presses('Confirm')
  await visitor.sees('Profile')
})

// What everybody can open.

import { linkIn } from '../../world/mail.ts'
import { expect, walk } from '../../world/look.ts'

const NEW = 'velvet tractor umbrella nine'

walk('the sign-in page', async ({ visitor, looks }) => {
  await visitor.opens('/login')
  await visitor.sees('Sign in')
  await looks('login')
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn({ email: 'nobody@nowhere.example', password: 'not the password at all' })
  await visitor.isNotLetIn()
  await looks('login-refused')
  await visitor.opens('/s/contoso/login')
  await visitor.sees('Sign in')
  await looks('login-contoso')
  await visitor.opens('/login')
  await visitor.presses('Deutsch')
  await visitor.sees('Anmelden')
  await looks('login-german')
})

walk('a forgotten password', async ({ visitor, customer, mailbox, looks }) => {
  await visitor.opens('/forgot')
  await visitor.sees('Forgot your password?')
  await looks('forgot')
  visitor.expectsRefusal(422)
  await visitor.presses('Mail me a link')
  await visitor.isToldAt('User name or email', 'Please fill this in.')
  await looks('forgot-refused')
  await visitor.forgets(customer.email)
  await looks('forgot-sent')
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
  await looks('reset')
  await visitor.presses('Suggest one for me')
  await visitor.reads('We have filled this in for you.')
  await looks('reset-suggested')
  await visitor.fills({ 'New password': NEW, 'Retype new password': 'velvet' })
  if (visitor.isLive) await visitor.reads('Very strong.')
  await looks('reset-typed')
  await visitor.fills({ 'New password': 'too short', 'Retype new password': 'too shirt' })
  await visitor.presses('Set new password')
  await visitor.isToldAt('New password', 'Please use at least 15 characters')
  await looks('reset-refused')
  await visitor.chooses(NEW)
  await looks('reset-done')
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'confirm'))
  await visitor.sees('Was this not you?')
  await looks('confirm')
  await visitor.presses('It was not me: freeze the account')
  await visitor.sees('The account is frozen')
  await looks('confirm-done')
})

walk('links that lead nowhere', async ({ visitor, looks }) => {
  visitor.expectsRefusal(404, 410)
  for (const kind of ['reset', 'confirm', 'keep', 'new-address']) {
    await visitor.opens(`/${kind}/01900000-0000-7000-8000-000000000000`)
    await visitor.sees('This link cannot be used')
    await looks(`${kind}-unusable`)
  }
  await visitor.opens('/nothing/here')
  await visitor.sees('There is nothing here')
  await looks('not-found')
})

walk('what programs are told', async ({ visitor, looks }) => {
  await visitor.page.goto('/developers')
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('API reference')
  await looks('developers')
})

walk('a public page stands still while the rest of it arrives, and when something is refused', async ({ visitor }) => {
  const { page } = visitor
  const top = () => page.getByRole('heading', { level: 1 }).evaluate((title) => title.getBoundingClientRect().top)
  await visitor.opens('/forgot')
  const whole = await top()
  await page.locator('footer').evaluate((foot: HTMLElement) => { foot.hidden = true })
  expect(await top(), 'before its foot has arrived').toBe(whole)
  visitor.expectsRefusal(422)
  await visitor.presses('Mail me a link')
  await visitor.isToldAt('User name or email', 'Please fill this in.')
  expect(await top(), 'with a message beside the field').toBe(whole)
})

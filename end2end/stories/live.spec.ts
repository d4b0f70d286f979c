// What our code adds to pages that work without it.

import { expect, test } from '../world/story.ts'
import { linkIn } from '../world/mail.ts'

test('steps follow each other without the page being loaded anew', { tag: '@phone' }, async ({ visitor, customer, mailbox }) => {
  const loads: string[] = []
  visitor.page.on('framenavigated', () => loads.push(visitor.page.url()))
  const marked = () => visitor.page.evaluate(() => (window as { marked?: boolean }).marked)
  await visitor.opens('/login')
  await visitor.page.evaluate(() => ((window as { marked?: boolean }).marked = true))
  await visitor.follows('Forgot password?')
  await visitor.sees('Forgot your password?')
  await visitor.fills({ 'User name or email': customer.email })
  await visitor.presses('Mail me a link')
  await visitor.sees('Check your mail')
  expect(await marked(), 'the same document').toBe(true)
  await expect(visitor.page.getByRole('heading', { level: 1 }), 'who listens is told where they are').toBeFocused()

  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.page.evaluate(() => ((window as { marked?: boolean }).marked = true))
  await visitor.chooses('velvet tractor umbrella nine')
  await visitor.follows('Sign in')
  await visitor.sees('Sign in')
  await visitor.fills({ 'User name or email': customer.email, Password: 'velvet tractor umbrella nine' })
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
  await visitor.follows('Security')
  await visitor.sees('Security')
  expect(await marked(), 'the same document').toBe(true)
})

test('what was typed before our code arrived is kept', { tag: '@phone' }, async ({ visitor, customer }) => {
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  await visitor.page.route(/\.wasm$/, async (route) => {
    await held
    await route.continue()
  })
  // Whoever is that fast is already in the field that would be theirs.
  visitor.expectsComplaint(/Autofocus processing was blocked because a document already has a focused element/)
  await visitor.page.goto('/login', { waitUntil: 'commit' })
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.page.getByLabel('Keep me signed in on this device').check()
  release()
  await visitor.sees('Sign in')
  await expect(visitor.field('User name or email')).toHaveValue(customer.email)
  await expect(visitor.field('Password')).toHaveValue(customer.password)
  await expect(visitor.page.getByLabel('Keep me signed in on this device')).toBeChecked()
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
})

test('who is faster than our code is served all the same', async ({ visitor, customer }) => {
  await visitor.page.route(/\/login$/, (route) => route.continue())
  const held: (() => void)[] = []
  await visitor.page.route(/\.wasm$/, async (route) => {
    if (visitor.page.url().endsWith('/login')) await new Promise<void>((resolve) => held.push(resolve))
    await route.continue().catch(() => {})
  })
  // Whoever is that fast is already in the field that would be theirs.
  visitor.expectsComplaint(/Autofocus processing was blocked because a document already has a focused element/)
  await visitor.page.goto('/login', { waitUntil: 'commit' })
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.presses('Sign in')
  await expect(visitor.page).toHaveURL('/account')
  for (const release of held) release()
  await visitor.sees('Profile')
})

test('without a connection one is told so, and nothing typed is lost', async ({ visitor, customer }) => {
  await visitor.opens('/login')
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  visitor.expectsComplaint(/ERR_INTERNET_DISCONNECTED/)
  await visitor.page.context().setOffline(true)
  await visitor.presses('Sign in')
  await visitor.reads('No answer from the server. Check your connection and try again.')
  await expect(visitor.field('User name or email')).toHaveValue(customer.email)
  await visitor.page.context().setOffline(false)
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
})

test('back and forward go where one was', async ({ visitor, customer }) => {
  await visitor.signsIn(customer)
  await visitor.follows('Security')
  await visitor.sees('Security')
  await visitor.follows('Activity')
  await visitor.sees('Activity')
  await visitor.goesBack()
  await visitor.sees('Security')
  await visitor.goesBack()
  await visitor.sees('Profile')
  await visitor.page.goForward()
  await visitor.sees('Security')
  await expect(visitor.page).toHaveURL('/account/security')
})

import { expect, test } from '../world/story.ts'

const NEW = 'velvet tractor umbrella nine'

test('a name is changed, and what will not do is said beside it', { tag: '@phone' }, async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer)
  await visitor.fills({ Name: 'Renamed Person', 'User name': 'No Such Name!' })
  visitor.expectsRefusal(422)
  await visitor.presses('Save changes')
  await visitor.isToldAt('User name', 'Please use 3 to 32 small letters')
  await expect(visitor.field('User name')).toBeFocused()
  await expect(visitor.field('User name')).toHaveValue('No Such Name!')
  await expect(visitor.field('Name')).toHaveValue('Renamed Person')

  await visitor.fills({ 'User name': '' })
  await visitor.presses('Save changes')
  await visitor.reads('Your profile is saved.')
  await visitor.reloads()
  await expect(visitor.field('Name')).toHaveValue('Renamed Person')
  await expect(visitor.field('Email address')).not.toBeEditable()
})

test('a user name that somebody has is not given away twice', async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'User name': 'casey' })
  await visitor.presses('Save changes')
  await visitor.isToldAt('User name', 'Somebody else uses this name.')
})

test('German all the way, from the first byte', async ({ visitor, customer, mailbox }) => {
  await visitor.isSignedIn(customer)
  await visitor.field('Language').selectOption('Deutsch')
  await visitor.presses('Save changes')
  await visitor.reads('Ihr Profil ist gespeichert.')
  await visitor.sees('Profil')
  await expect(visitor.page.locator('html')).toHaveAttribute('lang', 'de')

  const firstByte = await (await visitor.page.request.get('/account/security')).text()
  expect(firstByte).toMatch(/<html[^>]* lang="?de"?/)
  expect(firstByte).toContain('Wo Sie angemeldet sind')
  await visitor.presses('Abmelden')
  await visitor.sees('Anmelden')
  await visitor.follows('Passwort vergessen?')
  await visitor.sees('Passwort vergessen?')
  await visitor.fills({ 'Benutzername oder E-Mail-Adresse': customer.email })
  await visitor.presses('Link anfordern')
  await visitor.sees('Sehen Sie in Ihr Postfach')
  expect((await mailbox.next(customer.email)).subject).toBe('Neues Passwort für Northwind Backup wählen')
})

test('a changed password ends what was open elsewhere, and nothing here', { tag: '@journey' }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  const elsewhere = await anotherVisitor()
  await elsewhere.isSignedIn(customer)
  await visitor.isSignedIn(customer)
  await visitor.follows('Security')
  await visitor.sees('Security')

  visitor.expectsRefusal(422)
  await visitor.fills({ 'Current password': 'not the password at all', 'New password': NEW, 'Retype new password': NEW })
  await visitor.presses('Change password')
  await visitor.isToldAt('Current password', 'This is not your current password.')
  await expect(visitor.field('Current password')).toBeFocused()
  await elsewhere.reloads()
  await elsewhere.sees('Profile')

  await visitor.fills({ 'Current password': customer.password, 'New password': NEW, 'Retype new password': NEW })
  await visitor.presses('Change password')
  await visitor.reads('Your password is changed, and every other device was signed out.')
  for (const label of ['Current password', 'New password', 'Retype new password']) {
    await expect(visitor.field(label)).toHaveValue('')
  }
  expect((await mailbox.next(customer.email)).text).toContain('while signed in, with the previous password')
  await elsewhere.reloads()
  await elsewhere.sees('Sign in')

  await visitor.reloads()
  await visitor.sees('Security')
  await visitor.follows('Activity')
  await visitor.sees('Activity')
  await visitor.reads(/New password set|Password changed/)
  await elsewhere.isSignedIn({ email: customer.email, password: NEW })
})

test('sessions are seen and ended, one or all', { tag: '@journey' }, async ({ visitor, anotherVisitor, customer }) => {
  const [second, third] = [await anotherVisitor(), await anotherVisitor()]
  await second.isSignedIn(customer)
  await visitor.isSignedIn(customer)
  await visitor.follows('Security')
  await visitor.sees('Security')
  const sessions = visitor.page.getByRole('listitem').filter({ hasText: 'last used' })
  await expect(sessions).toHaveCount(2)
  await expect(sessions.filter({ hasText: 'This device' })).toHaveCount(1)

  await sessions.getByRole('button', { name: /^End the session on Chrom/ }).click()
  await visitor.reads('The session has ended.')
  await expect(sessions).toHaveCount(1)
  second.expectsRefusal(401)
  await second.follows('Activity')
  await second.sees('Sign in')

  await second.isSignedIn(customer)
  await third.isSignedIn(customer)
  await visitor.reloads()
  await expect(sessions).toHaveCount(3)
  await visitor.presses('End all others')
  await visitor.reads('All other sessions have ended.')
  await expect(sessions).toHaveCount(1)
  for (const other of [second, third]) {
    await other.reloads()
    await other.sees('Sign in')
  }

  await visitor.follows('Activity')
  await visitor.sees('Activity')
  await visitor.reads('Session ended')
  await visitor.reads('All other sessions ended')
})

test('who was signed out meanwhile is asked to sign in, and comes back', { tag: '@phone' }, async ({ visitor, anotherVisitor, customer }) => {
  await visitor.isSignedIn(customer)
  await visitor.fills({ Name: 'Too Late' })
  const other = await anotherVisitor()
  await other.isSignedIn(customer, '/account/security')
  await other.presses('End all others')
  await other.reads('All other sessions have ended.')

  visitor.expectsRefusal(401)
  await visitor.presses('Save changes')
  await visitor.sees('Sign in')
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
  await expect(visitor.field('Name')).toHaveValue(customer.name)
})

test('a long life leaves more activity than one page holds', async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer)
  for (let n = 0; n < 25; n++) {
    await visitor.page.request.post('/api/account/change-profile', {
      form: { name: `Name ${n}`, user_name: '', language: 'en' },
      headers: { Origin: new URL(visitor.page.url()).origin },
    })
  }
  await visitor.follows('Activity')
  await visitor.sees('Activity')
  const newest = await visitor.page.locator('ol time').first().innerText()
  await visitor.follows('Older')
  await expect(visitor.page).toHaveURL(/before=/)
  await visitor.reads('Signed in')
  await visitor.follows('Newest')
  await expect(visitor.page.locator('ol time').first()).toHaveText(newest)
})

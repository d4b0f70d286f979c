import { linkIn } from '../world/mail.ts'
import { someLockedCustomer } from '../world/people.ts'
import { expect, test } from '../world/story.ts'

const NEW = 'velvet tractor umbrella nine'
const NEWER = 'copper saddle whistle tundra'

test('a customer who forgot the password chooses a new one, disputes it, and comes back', { tag: '@journey' }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  const { email } = customer
  // Signed in somewhere else meanwhile, which will end.
  const elsewhere = await anotherVisitor()
  await elsewhere.isSignedIn(customer)

  await visitor.opens('/login')
  await visitor.follows('Forgot password?')
  await visitor.sees('Forgot your password?')
  await visitor.fills({ 'User name or email': email })
  await visitor.presses('Mail me a link')
  await visitor.sees('Check your mail')

  const invitation = await mailbox.next(email)
  expect(invitation.secure, 'mail goes over an encrypted connection').toBe(true)
  expect(invitation.subject).toBe('Choose a new password for Northwind Backup')
  expect(invitation.from).toMatchObject({ name: 'Northwind Backup', address: 'rekey@rekey.example' })
  expect(invitation.text).toContain(`Hello ${customer.name}`)

  const link = linkIn(invitation, 'reset')
  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  expect(visitor.page.url(), 'the token is not in the address any more').not.toContain(link.split('/').pop())
  await visitor.chooses(NEW)

  const notice = await mailbox.next(email)
  expect(notice.subject).toBe('Your password was changed')

  await visitor.follows('Sign in')
  await visitor.sees('Sign in')
  await visitor.isSignedIn({ email, password: NEW })
  await expect(visitor.page).toHaveURL('/account')

  // What was open with the old password is shut, and the old password with it.
  await elsewhere.reloads()
  await elsewhere.sees('Sign in')
  elsewhere.expectsRefusal(422)
  await elsewhere.triesToSignIn(customer)
  await elsewhere.isNotLetIn()

  // The notice says what to do if it was somebody else.
  await elsewhere.opens(linkIn(notice, 'confirm'))
  await elsewhere.sees('Was this not you?')
  await elsewhere.presses('It was not me: freeze the account')
  await elsewhere.sees('The account is frozen')
  expect((await mailbox.next(email)).subject).toBe('Your account is frozen')
  for (const staff of ['olivia@northwind.example', 'arun@northwind.example']) {
    const report = await mailbox.mentioning(staff, customer.name)
    expect(report.subject).toBe(`A customer reports a change they did not make: ${customer.name}`)
  }

  await visitor.reloads()
  await visitor.sees('Sign in')
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn({ email, password: NEW })
  await visitor.isNotLetIn()

  await elsewhere.follows('Choose a new password').catch(() => {})
  await elsewhere.forgets(email)
  await elsewhere.opens(linkIn(await mailbox.next(email), 'reset'))
  await elsewhere.chooses(NEWER)
  await elsewhere.isSignedIn({ email, password: NEWER })
  await elsewhere.follows('Activity')
  await elsewhere.sees('Activity')
  for (const event of ['Signed in', 'New password set', '“This wasn’t me”: account frozen', 'Link to a new password mailed']) {
    await elsewhere.reads(event)
  }
})

test('a stranger learns nothing from asking for a link', async ({ visitor, customer, mailbox }) => {
  const answers: string[] = []
  for (const name of [customer.email, 'nobody@nowhere.example', 'carla@contoso.example', 'not an address at all']) {
    await visitor.forgets(name)
    answers.push(await visitor.page.locator('main').innerText())
  }
  expect(new Set(answers).size, 'one answer for all').toBe(1)
  expect((await mailbox.next(customer.email)).subject).toContain('Choose a new password')
})

test('a customer whom staff have locked is free with a new password, not before', async ({ visitor, server, mailbox }) => {
  const customer = someLockedCustomer(server)
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn(customer)
  await visitor.isNotLetIn()
  await visitor.forgets(customer.email)
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  // A link alone opens nothing.
  await visitor.triesToSignIn(customer)
  await visitor.isNotLetIn()
  await visitor.opens(link)
  await visitor.chooses(NEW)
  await visitor.isSignedIn({ email: customer.email, password: NEW })
})

test('who guesses is slowed down, and the owner comes in by a new password', async ({ visitor, anotherVisitor, customer, mailbox }) => {
  const guesser = await anotherVisitor()
  guesser.expectsRefusal(422, 429)
  await guesser.opens('/login')
  await guesser.fills({ 'User name or email': customer.email })
  const alert = guesser.page.getByRole('alert')
  // The sixth comes too soon, or one of the next on a slow machine: the waits grow.
  for (let guess = 0; guess < 12 && !(await alert.getByText('Too many attempts').isVisible()); guess++) {
    await guesser.fills({ Password: `not the password, ${guess}` })
    const answered = guesser.page.waitForResponse((response) => response.request().method() === 'POST')
    await guesser.presses('Sign in')
    await answered
    // The page that came with this answer, not the one before.
    if (guesser.isLive) await expect(guesser.page.locator('[aria-busy]')).toHaveCount(0)
    else await expect(guesser.field('Password')).toHaveValue('')
    await expect(alert).toContainText(/Name and password|Too many attempts/)
  }
  await guesser.reads(/Too many attempts. Please try again in/)

  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.chooses(NEW)
  await visitor.isSignedIn({ email: customer.email, password: NEW })
})

test('the user name does as well as the address', async ({ visitor, anotherVisitor, customer, mailbox }) => {
  const name = `short-${customer.email.split('@')[1]!.split('.')[0]}`.slice(0, 32)
  const owner = await anotherVisitor()
  await owner.isSignedIn(customer)
  await owner.fills({ 'User name': name })
  await owner.presses('Save changes')
  await owner.reads('Your profile is saved.')

  await visitor.forgets(name)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.chooses(NEW)
  await visitor.isSignedIn({ email: name.toUpperCase(), password: NEW })
})

test('each step survives being loaded again, and the way back', { tag: '@phone' }, async ({ visitor, customer, mailbox }) => {
  await visitor.opens('/login')
  await visitor.follows('Forgot password?')
  await visitor.sees('Forgot your password?')
  await visitor.reloads()
  await visitor.fills({ 'User name or email': customer.email })
  await visitor.presses('Mail me a link')
  await visitor.sees('Check your mail')
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  // With our code the step is not a page of its own, and loading it again begins anew.
  await visitor.reloads()
  await visitor.sees(visitor.isLive ? 'Forgot your password?' : 'Check your mail')

  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  await visitor.reloads()
  await visitor.sees('Choose a new password')
  await visitor.opens('/login')
  await visitor.goesBack()
  await visitor.chooses(NEW)

  visitor.expectsRefusal(410)
  await visitor.reloads()
  await visitor.sees(visitor.isLive ? 'This link cannot be used' : 'Your new password is set')
  await visitor.isSignedIn({ email: customer.email, password: NEW })
})

test('pressing twice sets one password and sends one notice', { tag: '@phone' }, async ({ visitor, customer, mailbox }) => {
  visitor.expectsRefusal(410)
  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
  await visitor.fills({ 'New password': NEW, 'Retype new password': NEW })
  await visitor.page.getByRole('button', { name: 'Set new password', exact: true }).dblclick()
  await visitor.sees('Your new password is set')
  expect((await mailbox.next(customer.email)).subject).toBe('Your password was changed')
  await visitor.isSignedIn({ email: customer.email, password: NEW })
  // Had there been two notices, the second would have been next.
  await visitor.forgets(customer.email)
  expect((await mailbox.next(customer.email)).subject).toBe('Choose a new password for Northwind Backup')
})

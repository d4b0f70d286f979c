import { linkIn } from '../world/mail.ts'
import type { Person } from '../world/people.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'
import type { Mailbox } from '../world/mail.ts'

async function followsALink(visitor: Visitor, customer: Person, mailbox: Mailbox): Promise<void> {
  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
}

test('a password that will not do is refused with the reason, beside its field', { tag: '@phone' }, async ({ visitor, customer, mailbox }) => {
  await followsALink(visitor, customer, mailbox)
  visitor.expectsRefusal(422)
  for (const [password, retype, field, problem] of [
    ['', '', 'New password', 'Please fill this in.'],
    ['too short', 'too short', 'New password', 'Please use at least 15 characters: 6 more.'],
    ['passwordpassword', 'passwordpassword', 'New password', 'This is among the first that anyone would try.'],
    [customer.email, customer.email, 'New password', 'This is little more than your own name or address.'],
    ['Northwind Backup!', 'Northwind Backup!', 'New password', 'This is little more than our name.'],
    [customer.password, customer.password, 'New password', 'You have used this password before.'],
    ['velvet tractor umbrella', 'velvet tractor umbrela', 'Retype new password', 'The two passwords differ.'],
  ] as const) {
    await visitor.fills({ 'New password': password, 'Retype new password': retype })
    await visitor.presses('Set new password')
    await visitor.isToldAt(field, problem)
    await expect(visitor.field(field)).toBeFocused()
    await visitor.sees('Choose a new password')
    if (!visitor.isLive) {
      // The page came anew: what was typed is not in it.
      await expect(visitor.field('New password')).toHaveValue('')
      await expect(visitor.field('Retype new password')).toHaveValue('')
      // (The address is there for password managers, to whom it says whose password this is.)
      if (password && password !== customer.email) expect(await visitor.page.content()).not.toContain(password)
    }
  }
  // Nothing was lost: the link still works.
  await visitor.chooses('velvet tractor umbrella')
})

test('every character counts, and none is forbidden', async ({ visitor, customer, mailbox }) => {
  await followsALink(visitor, customer, mailbox)
  const password = ' Ångström & "ünïcode" <b> 🔑 '
  await visitor.chooses(password)
  await visitor.isSignedIn({ email: customer.email, password })
})

test('a suggestion is filled in, can be read, and works', { tag: '@phone' }, async ({ visitor, customer, mailbox }) => {
  await followsALink(visitor, customer, mailbox)
  await visitor.presses('Suggest one for me')
  await visitor.reads('We have filled this in for you.')
  const password = await visitor.field('New password').inputValue()
  expect(password.split(/[ -]/).length, password).toBeGreaterThanOrEqual(6)
  await expect(visitor.field('Retype new password')).toHaveValue(password)
  await visitor.reads(password)
  await visitor.presses('Set new password')
  await visitor.sees('Your new password is set')
  await visitor.isSignedIn({ email: customer.email, password })
})

test('password managers find their way', async ({ visitor, customer, mailbox }) => {
  await visitor.opens('/login')
  await expect(visitor.field('User name or email')).toHaveAttribute('autocomplete', /^username( |$)/)
  await expect(visitor.field('Password')).toHaveAttribute('autocomplete', 'current-password')
  await expect(visitor.field('Password')).toHaveAttribute('type', 'password')
  await followsALink(visitor, customer, mailbox)
  for (const label of ['New password', 'Retype new password']) {
    await expect(visitor.field(label)).toHaveAttribute('autocomplete', 'new-password')
    await expect(visitor.field(label)).toHaveAttribute('type', 'password')
  }
  await visitor.isSignedIn(customer, '/.well-known/change-password')
  await visitor.sees('Security')
  await expect(visitor.field('Current password')).toHaveAttribute('autocomplete', 'current-password')
  await expect(visitor.field('New password')).toHaveAttribute('autocomplete', 'new-password')
})

test('a password can be shown and hidden again', { tag: ['@live', '@phone'] }, async ({ visitor }) => {
  await visitor.opens('/login')
  await visitor.fills({ Password: 'harbour lantern' })
  const show = visitor.page.getByRole('button', { name: 'Show the password' })
  await expect(show).toHaveAttribute('aria-pressed', 'false')
  await show.click()
  await expect(visitor.field('Password')).toHaveAttribute('type', 'text')
  await expect(visitor.field('Password')).toHaveValue('harbour lantern')
  await expect(show).toHaveAttribute('aria-pressed', 'true')
  await show.click()
  await expect(visitor.field('Password')).toHaveAttribute('type', 'password')
})

test('the strength meter is fetched when it is needed, and says how strong', { tag: '@live' }, async ({
  visitor,
  customer,
  mailbox,
}) => {
  await visitor.forgets(customer.email)
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  const fetched: string[] = []
  visitor.page.on('request', (request) => fetched.push(new URL(request.url()).pathname))
  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  await visitor.page.waitForLoadState('networkidle')
  const before = fetched.length
  await visitor.field('New password').focus()
  await expect.poll(() => fetched.slice(before).filter((path) => path.endsWith('.wasm'))).not.toEqual([])

  await visitor.fills({ 'New password': 'abc' })
  await visitor.reads('12 more characters needed.')
  await visitor.fills({ 'New password': 'aaaaaaaaaaaaaaaaaaaa' })
  await visitor.reads('Weak.')
  await visitor.fills({ 'New password': 'velvet tractor umbrella nine' })
  await visitor.reads('Very strong.')
  // Nobody is told off while they are still typing.
  await visitor.fills({ 'Retype new password': 'velvet tractor' })
  await expect(visitor.page.getByText('This differs from the password above.')).toBeHidden()
  await visitor.fills({ 'Retype new password': 'velvet tracker' })
  await visitor.reads('This differs from the password above.')
  await visitor.fills({ 'Retype new password': 'velvet tractor umbrella nine' })
  await expect(visitor.page.getByText('This differs from the password above.')).toBeHidden()
})

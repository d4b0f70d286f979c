// Staff find the people they look after.

import { linkIn } from '../world/mail.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: 'harbour lantern mosaic' }

async function atTheList(visitor: Visitor): Promise<void> {
  await visitor.comesAsStaff(OLIVIA)
  await visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Customers' }).click()
  await visitor.sees('Customers')
}

const rows = (visitor: Visitor) => visitor.page.locator('tbody tr')

test('a customer is found in a few keystrokes and opened', { tag: ['@phone', '@journey'] }, async ({ visitor }) => {
  await atTheList(visitor)
  await visitor.reads('Northwind Backup and everything below it')
  await expect(rows(visitor)).toHaveCount(50)

  const search = visitor.page.getByRole('searchbox', { name: 'Find customers' })
  await search.fill('casey acm')
  if (!visitor.isLive) await search.press('Enter')
  await expect(rows(visitor)).toHaveCount(1)
  await expect(visitor.page).toHaveURL(/\/customers\?q=casey(%20|\+)acm$/)
  await expect(search).toHaveValue('casey acm')
  // The address is the whole view.
  await visitor.reloads()
  await expect(rows(visitor)).toHaveCount(1)

  await visitor.follows('Casey Thornton')
  await visitor.sees('Casey Thornton')
  await visitor.reads('casey@acme.example')
  await visitor.reads('This customer allows you to set the password.')
  await visitor.goesBack()
  await visitor.sees('Customers')
  await expect(rows(visitor)).toHaveCount(1)

  await search.fill('nobody is called so')
  if (!visitor.isLive) await search.press('Enter')
  await visitor.reads('Nobody fits. Check the spelling, or look in all states.')
  await visitor.follows('Show all customers')
  await expect(rows(visitor)).toHaveCount(50)
})

test('the list is narrowed by state and scope, ordered, and turned page by page', { tag: '@phone' }, async ({ visitor }) => {
  await atTheList(visitor)
  const names = () => visitor.page.locator('tbody a[data-row]').allInnerTexts()
  await visitor.page.getByRole('link', { name: /^Locked \d+$/ }).click()
  await expect(visitor.page).toHaveURL('/customers?state=locked')
  await expect(visitor.page.getByRole('link', { name: /^Locked/ })).toHaveAttribute('aria-current', 'true')
  await expect(rows(visitor).first()).toContainText(/Locked|Frozen/)
  await visitor.page.getByRole('link', { name: /^All / }).click()
  await expect(rows(visitor)).toHaveCount(50)

  const first = await names()
  await visitor.page.getByRole('link', { name: 'Next' }).click()
  await expect(visitor.page).toHaveURL(/after=/)
  await expect.poll(names).not.toEqual(first)
  await visitor.page.getByRole('link', { name: 'Previous' }).click()
  await expect.poll(names).toEqual(first)

  await visitor.page.getByText('Scope', { exact: true }).click()
  await visitor.page.getByRole('link', { name: 'Fjord IT' }).click()
  await visitor.reads('Looked after by Fjord IT')
  // Some of them may be of other stories.
  await expect(visitor.page.getByRole('link', { name: /^All 1\d$/ })).toBeVisible()
  await expect.poll(() => rows(visitor).count()).toBeLessThan(20)
})

test('columns order the list', async ({ visitor }) => {
  await atTheList(visitor)
  const heads = visitor.page.getByRole('columnheader')
  await expect(heads.filter({ hasText: 'Customer' })).toHaveAttribute('aria-sort', 'ascending')
  await visitor.page.getByRole('link', { name: 'Customer', exact: true }).click()
  await expect(heads.filter({ hasText: 'Customer' })).toHaveAttribute('aria-sort', 'descending')
  await expect(rows(visitor).first()).toContainText('Zoe')
  await visitor.page.getByRole('link', { name: 'Last sign-in', exact: true }).click()
  await expect(heads.filter({ hasText: 'Last sign-in' })).toHaveAttribute('aria-sort', 'descending')
})

test('the keyboard alone is enough', { tag: '@live' }, async ({ visitor }) => {
  await atTheList(visitor)
  const { page } = visitor
  await page.keyboard.press('/')
  const search = page.getByRole('searchbox', { name: 'Find customers' })
  await expect(search).toBeFocused()
  await page.keyboard.type('drew')
  await expect(rows(visitor)).toHaveCount(1)
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('link', { name: 'Drew Okafor', exact: true })).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await expect(search).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await visitor.sees('Drew Okafor')
  await visitor.reads(/This customer does not allow you to set the password/)
  await visitor.goesBack()
  await rows(visitor).first().dblclick()
  await visitor.sees('Drew Okafor')
})

test('another reseller’s customer is as good as none', async ({ visitor, customer }) => {
  await atTheList(visitor)
  visitor.expectsRefusal(404)
  for (const path of ['/customers/00000000-0000-0000-0000-000000000000', '/customers/nobody', '/customers?scope=00000000-0000-0000-0000-000000000000']) {
    await visitor.opens(path)
    await visitor.reads('There is nothing here, or nothing that you may see.')
  }
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')
  // A customer finds nothing of it either.
  await visitor.isSignedIn(customer, '/customers')
  await visitor.reads('There is nothing here, or nothing that you may see.')
})

test('staff mail a customer a link, after confirming that it is them', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  await visitor.comesAsStaff(OLIVIA, `/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await visitor.follows('Password: Manage')
  await visitor.sees('Reset password')
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Your own password': 'not the password at all' })
  await visitor.presses('Continue')
  await visitor.isToldAt('Your own password', 'This is not your current password.')
  await visitor.fills({ 'Your own password': OLIVIA.password })
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
  await expect(visitor.page.getByRole('radio', { name: 'Send reset email to customer' })).toBeChecked()
  await visitor.presses('Continue')
  await visitor.reads(`A link to choose a new password is mailed to ${customer.email}.`)
  // Loading the page again asks for nothing again.
  await visitor.reloads()
  await visitor.presses('Send reset email to customer')
  await visitor.isToldAt('Reason', 'Please fill this in.')
  // Whatever is pasted stays text.
  const pasted = '</textarea><b>&lt; & "so"</b>'
  await visitor.fills({ Reason: pasted, 'Ticket number (optional)': 'x'.repeat(61) })
  await visitor.presses('Send reset email to customer')
  await visitor.isToldAt('Ticket number (optional)', 'Please use at most 60 characters.')
  await expect(visitor.field('Reason')).toHaveValue(pasted)
  await visitor.fills({ Reason: 'Called, knows the last invoice', 'Ticket number (optional)': 'T-1029' })
  await visitor.presses('Send reset email to customer')
  await visitor.reads(`A link is on its way to ${customer.email}. It works for 30 minutes.`)

  const owner = await anotherVisitor()
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  await owner.opens(link)
  await owner.sees('Choose a new password')
  await visitor.follows('Back to the customer')
  await visitor.sees(customer.name)
  await visitor.presses('Cancel links')
  await visitor.reads('All open links are cancelled.')
  owner.expectsRefusal(410)
  await owner.reloads()
  await owner.sees('This link cannot be used')

  // For ten minutes nobody asks again.
  await visitor.follows('Password: Manage')
  await visitor.presses('Continue')
  await visitor.fills({ Reason: 'Called again' })
  await visitor.presses('Send reset email to customer')
  await visitor.reads(/A link is on its way/)
  await owner.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await owner.chooses('velvet tractor umbrella')
  await owner.isSignedIn({ email: customer.email, password: 'velvet tractor umbrella' })
  await owner.follows('Activity')
  await owner.reads('Link to a new password mailed by staff')
  await owner.reads(/Olivia Berg \(staff\)/)
})

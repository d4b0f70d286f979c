// Where staff start, and what becomes of resets.

import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const PASSWORD = 'harbour lantern mosaic'
const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: PASSWORD }
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }

const lines = (visitor: Visitor) => visitor.page.locator('ol.rows > li')

test('home says what needs attention, and each leads to its list', { tag: '@phone' }, async ({ visitor }) => {
  await visitor.comesAsStaff(OLIVIA)
  await visitor.reads('Needs attention')
  await visitor.page.getByRole('link', { name: /^\d+ Locked customers$/ }).click()
  await expect(visitor.page).toHaveURL('/customers?state=locked')
  await visitor.sees('Customers')
  await visitor.opens('/')
  await visitor.page.getByRole('link', { name: /^\d+ Customers without consent$/ }).click()
  await expect(visitor.page).toHaveURL('/customers?state=no_consent')
  await visitor.opens('/')
  await visitor.reads(/^\d+ of \d+ customers \(\d+%\) allow you to set their password\.$/)
})

test('a reset is followed from the list to the customer and to the log', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  const owner = await anotherVisitor()
  await owner.forgets(customer.email)
  await mailbox.next(customer.email)

  await visitor.comesAsStaff(ADA)
  // What is counted is drawn, and stands there in words too.
  await expect(visitor.page.getByRole('img', { name: /^New passwords: .*Link by email \d/ })).toBeVisible()
  await visitor.page.getByText('All numbers').click()
  await expect(visitor.page.getByRole('table', { name: 'New passwords' }).getByRole('row').nth(1)).toBeVisible()

  await visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Resets' }).click()
  await visitor.sees('Resets')
  await visitor.page.getByRole('link', { name: /^Waits for the customer \d/ }).click()
  await expect(visitor.page).toHaveURL('/resets?state=waiting_for_customer')
  const line = lines(visitor).filter({ hasText: customer.email })
  await expect(line).toContainText('Link by email · asked for on the sign-in page')
  await expect(line).toContainText('The customer has a link. If it did not arrive, mail another one')
  await visitor.reloads()
  await line.getByRole('link', { name: `Audit entry of the reset for ${customer.name}` }).click()
  await visitor.sees('Audit entry')
  await visitor.reads(`Somebody not signed in asked for a link to a new password for ${customer.name}, and it was mailed`)
  await visitor.goesBack()
  await visitor.sees('Resets')
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
})

test('customers find neither resets nor a home of staff', async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer)
  visitor.expectsRefusal(404)
  await visitor.opens('/resets')
  await visitor.reads('There is nothing here, or nothing that you may see.')
  await visitor.opens('/')
  await visitor.sees('Profile')
})

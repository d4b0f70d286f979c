// Customers decide whether those who look after them may set their password.

import { expect, test } from '../world/story.ts'

test('a customer takes the permission back, and gives it until a day', { tag: '@phone' }, async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer)
  await visitor.follows('Consent')
  await visitor.sees('Consent')
  await visitor.page.getByRole('radio', { name: 'Do not allow' }).check()
  await visitor.presses('Save')
  await visitor.reads('Your choice is saved.')
  await visitor.reloads()
  await expect(visitor.page.getByRole('radio', { name: 'Do not allow' })).toBeChecked()

  visitor.expectsRefusal(422)
  await visitor.page.getByRole('radio', { name: 'Allow until a day' }).check()
  await visitor.fills({ 'Last day': '2020-01-01' })
  await visitor.presses('Save')
  await visitor.isToldAt('Last day', 'This day is over. Please choose a later one.')
  await expect(visitor.page.getByRole('radio', { name: 'Allow until a day' })).toBeChecked()
  await visitor.fills({ 'Last day': '2099-12-31' })
  await visitor.page.getByLabel('Never by phone').check()
  // To take it back needed nothing else; to give it does.
  await visitor.presses('Save')
  await visitor.isToldAt('Your own password', 'Please fill this in.')
  await expect(visitor.field('Last day')).toHaveValue('2099-12-31')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Save')
  await visitor.reads('Your choice is saved.')
  await visitor.reloads()
  await expect(visitor.field('Last day')).toHaveValue('2099-12-31')
  await expect(visitor.page.getByLabel('Never by phone')).toBeChecked()
  await expect(visitor.page.locator('ol.rows > li').first()).toContainText('Allow until a day')
})

test('staff have nothing to consent to', async ({ visitor }) => {
  await visitor.comesAsStaff({ name: 'Arun Velder', email: 'arun@northwind.example', password: 'harbour lantern mosaic' }, '/account')
  await visitor.sees('Profile')
  await expect(visitor.page.getByRole('link', { name: 'Consent' })).toHaveCount(0)
  visitor.expectsRefusal(404)
  await visitor.opens('/account/consent')
  await visitor.reads('There is nothing here, or nothing that you may see.')
})

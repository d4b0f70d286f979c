// Programs look after customers with keys that staff make.

import { PASSWORD } from '../world/people.ts'
import { expect, test } from '../world/story.ts'

const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: PASSWORD }
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }

test('a key is made, used by a program, and revoked', { tag: '@journey' }, async ({ visitor, rekey }) => {
  await visitor.comesAsStaff(FREYA, '/organization/api')
  await visitor.sees('API')
  await visitor.fills({ 'Your own password': FREYA.password })
  await visitor.presses('Continue')
  visitor.expectsRefusal(422)
  await visitor.presses('Make key')
  await visitor.isToldAt('Name', 'Please fill this in.')
  const name = `Shop ${Date.now()}`
  await visitor.fills({ Name: name })
  await visitor.page.getByLabel('Create, change, suspend and delete customers').check()
  await visitor.presses('Make key')
  await visitor.reads('This is the key.')
  const key = (await visitor.page.locator('#api-key').innerText()).trim()
  expect(key).toMatch(/^rk_[0-9a-f]{16}_/)
  const line = visitor.page.locator('[data-api-key]').filter({ hasText: name })
  await expect(line).toContainText('Works')
  await expect(line).toContainText('Never used')

  const asks = (method: string, path: string, body?: object) =>
    fetch(`${rekey.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  const email = `shop-${Date.now()}@orders.example`
  const wish = { name: 'Nia Novak', email, language: 'en', first_password: 'later' }
  const created = await asks('POST', '/customers', wish)
  expect(created.status).toBe(201)
  const { id } = (await created.json()) as { id: string }
  expect((await asks('POST', `/customers/${id}/resets`, { reason: 'Asked' })).status).toBe(403)

  // What it did is told by its name.
  await visitor.opens(`/customers/${id}/activity`)
  await visitor.reads(`${name} (program)`)
  expect((await asks('DELETE', `/customers/${id}`)).status).toBe(204)
  await visitor.opens('/organization/api')
  await expect(line).toContainText('Last used')
  await line.getByRole('button', { name: `Revoke ${name}` }).click()
  await visitor.reads('The key is revoked.')
  await expect(line).toContainText('Revoked')
  expect((await asks('GET', '/customers')).status).toBe(401)
})

test('auditors see which keys there are, and make none', async ({ visitor }) => {
  await visitor.comesAsStaff(ADA, '/organization/api')
  await visitor.sees('API')
  await expect(visitor.page.getByRole('button', { name: 'Make key' })).toHaveCount(0)
  await expect(visitor.page.getByText('Your own password')).toHaveCount(0)
})

test('the API is described to whoever asks', async ({ visitor }) => {
  // Drawn by the server alone: there is nothing to take over.
  await visitor.page.goto('/developers')
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('API reference')
  await visitor.reads('Mail a customer a link to a new password')
})

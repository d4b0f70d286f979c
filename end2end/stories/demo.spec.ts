import { expect, test } from '../world/story.ts'

test('the demo needs no mail server: mail is read in the browser', async ({ visitor, rekey }) => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const origin = rekey.url.replace('127.0.0.1', host)
    const email = host === 'localhost' ? 'casey@acme.example' : 'drew@blueberry.example'
    await visitor.forgets(email, origin)
    await visitor.follows('Open the demo’s mailbox')
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Demo mailbox')
    // It takes a moment; the page says to look again.
    const letter = visitor.page.getByRole('link', { name: email })
    await expect(async () => {
      await visitor.page.getByRole('link', { name: 'Look again' }).click()
      await expect(letter.first()).toBeVisible({ timeout: 200 })
    }).toPass()
    await letter.first().click()
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Choose a new password for Northwind Backup')
    const link = visitor.page.locator('pre').getByRole('link', { name: '/reset/' })
    await expect(link).toHaveAttribute('href', new RegExp(`^${origin}/reset/`))
    await link.click()
    await visitor.sees('Choose a new password')
    await visitor.chooses(`velvet tractor umbrella ${host}`)
    await visitor.signsIn({ email, password: `velvet tractor umbrella ${host}` }, origin)
  }
})

test('the button in the mail leads to the page as well', async ({ visitor }) => {
  await visitor.forgets('bruno@lakeview-dental.example')
  await visitor.follows('Open the demo’s mailbox')
  const letter = visitor.page.getByRole('link', { name: 'bruno@lakeview-dental.example' })
  await expect(async () => {
    await visitor.page.getByRole('link', { name: 'Look again' }).click()
    await expect(letter.first()).toBeVisible({ timeout: 200 })
  }).toPass()
  await letter.first().click()
  const html = visitor.page.frameLocator('iframe')
  await html.getByRole('link', { name: /new password/i }).first().click()
  await visitor.sees('Choose a new password')
})

import { expect, test } from '../world/story.ts'

test('language is switched at the foot of the page, and stays', { tag: '@phone' }, async ({ visitor }) => {
  await visitor.opens('/forgot')
  await visitor.presses('Deutsch')
  await visitor.sees('Passwort vergessen?')
  await expect(visitor.page).toHaveURL('/forgot')
  await expect(visitor.page.locator('html')).toHaveAttribute('lang', 'de')
  await visitor.opens('/login')
  await visitor.sees('Anmelden')
  await visitor.presses('English')
  await visitor.sees('Sign in')
})

test('pages speak the language the browser asks for', async ({ anotherVisitor }) => {
  for (const [asked, spoken, title] of [
    ['de-AT', 'de', 'Anmelden'],
    ['fr-CA', 'fr', 'Connexion'],
    ['es-MX', 'es', 'Iniciar sesión'],
  ] as const) {
    const visitor = await anotherVisitor({ language: asked })
    await visitor.opens('/login')
    await visitor.sees(title)
    await expect(visitor.page.locator('html')).toHaveAttribute('lang', spoken)
  }
})

test('light and dark are switched at the foot of the page, and stay', { tag: '@phone' }, async ({ visitor }) => {
  const ground = () => visitor.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await visitor.page.emulateMedia({ colorScheme: 'light' })
  await visitor.opens('/login')
  const light = await ground()
  // Seen at once; kept from when the server has heard of it.
  const heard = visitor.page.waitForResponse((response) => response.request().method() === 'POST')
  await visitor.presses('Dark')
  await heard
  await expect.poll(ground).not.toBe(light)
  await expect(visitor.page.getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true')
  const dark = await ground()

  // From the first byte, so that nothing flashes.
  await visitor.opens('/forgot')
  expect(await ground()).toBe(dark)
  expect(await (await visitor.page.request.get('/login')).text()).toMatch(/<html[^>]* data-theme="?rekey-dark"?/)

  await visitor.presses('System')
  await expect.poll(ground).toBe(light)
  await visitor.page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(ground).toBe(dark)
  await visitor.presses('Light')
  await expect.poll(ground).toBe(light)
})

test('what one was about to say survives a change of theme', { tag: '@live' }, async ({ visitor }) => {
  await visitor.opens('/forgot')
  await visitor.fills({ 'User name or email': 'half typ' })
  await visitor.presses('Dark')
  await expect(visitor.page.locator('html')).toHaveAttribute('data-theme', 'rekey-dark')
  await expect(visitor.field('User name or email')).toHaveValue('half typ')
})

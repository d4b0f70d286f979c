import { join } from 'node:path'

import { linkIn } from './world/mail.ts'
import { expect, test } from './world/story.ts'

const WHERE = join(import.meta.dirname, '../docs/picture.png')

/** Devices and addresses (RFC 5737) that somebody's list of sessions might show. */
const DEVICES = [
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1', '198.51.100.23'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', '203.0.113.87'],
] as const

test('the picture of the product', async ({ browser, visitor, rekey, mailbox, customer }) => {
  const options = { baseURL: rekey.url, locale: 'en-GB', deviceScaleFactor: 2, reducedMotion: 'reduce' } as const
  const casey = { email: 'casey@acme.example', password: 'harbour lantern mosaic' }
  const live = 'html[data-live]'
  const signIn = async (userAgent: string, address: string) => {
    const context = await browser.newContext({
      ...options,
      userAgent,
      viewport: { width: 1280, height: 1000 },
      extraHTTPHeaders: { 'X-Forwarded-For': address },
    })
    const page = await context.newPage()
    await page.goto('/login')
    await page.locator(live).waitFor({ state: 'attached' })
    await page.getByLabel('User name or email').fill(casey.email)
    await page.getByLabel('Password', { exact: true }).fill(casey.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL('/account')
    return page
  }

  // On a desk: where one is signed in.
  await signIn(...DEVICES[0])
  const desk = await signIn(...DEVICES[1])
  await desk.goto('/account/security')
  await desk.locator(live).waitFor({ state: 'attached' })
  await expect(desk.getByRole('listitem').filter({ hasText: 'last used' })).toHaveCount(2)
  const wide = await desk.screenshot()

  // In a hand: a new password.
  await visitor.forgets(customer.email)
  const context = await browser.newContext({ ...options, colorScheme: 'dark', viewport: { width: 390, height: 760 } })
  const hand = await context.newPage()
  await hand.goto(linkIn(await mailbox.next(customer.email), 'reset'))
  await hand.locator(live).waitFor({ state: 'attached' })
  await hand.getByLabel('New password', { exact: true }).fill('velvet tractor umbrella nine')
  await hand.getByLabel('Retype new password').fill('velvet tractor umbrella nine')
  await hand.getByText('Very strong.').waitFor()
  await hand.evaluate(() => (document.activeElement as HTMLElement).blur())
  const narrow = await hand.screenshot()

  const table = await browser.newPage({ viewport: { width: 1480, height: 980 } })
  const url = (png: Buffer) => `data:image/png;base64,${png.toString('base64')}`
  await table.setContent(`<style>
    body { margin: 0; width: 1480px; height: 980px; position: relative; overflow: hidden; background: #dfe4ec }
    img { position: absolute; display: block; box-shadow: 0 0 0 1px #0001, 0 24px 64px #1a223033 }
    .wide { left: 60px; top: 60px; width: 1180px; border-radius: 14px }
    .narrow { right: 60px; bottom: 60px; width: 330px; border-radius: 28px; border: 8px solid #0b0e14; box-shadow: 0 24px 64px #1a223066 }
  </style><img class="wide" src="${url(wide)}"><img class="narrow" src="${url(narrow)}">`)
  await table.screenshot({ path: WHERE })
})

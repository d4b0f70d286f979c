import { spawnSync } from 'node:child_process'

import { linkIn } from '../world/mail.ts'
import { expect, test } from '../world/story.ts'

const NEW = 'velvet tractor umbrella nine'

test('a link may be looked at by anybody, and works once', async ({ visitor, anotherVisitor, customer, mailbox, request }) => {
  await visitor.forgets(customer.email)
  const link = linkIn(await mailbox.next(customer.email), 'reset')

  // A mail scanner, a preview, a browser that fetches ahead.
  const head = await request.head(link, { maxRedirects: 0 })
  expect([head.status(), head.headers()['set-cookie']]).toEqual([303, undefined])
  expect((await request.get(link)).ok()).toBe(true)
  expect((await request.get(link, { headers: { 'Sec-Purpose': 'prefetch;prerender', Purpose: 'prefetch' } })).ok()).toBe(true)

  // Opened twice, and in another browser as well.
  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  const phone = await anotherVisitor()
  await phone.opens(link)
  await phone.chooses(NEW)

  // It has worked once: where it is still open, it is too late, and nothing is lost but time.
  visitor.expectsRefusal(410, 422)
  await visitor.fills({ 'New password': 'another one altogether', 'Retype new password': 'another one altogether' })
  await visitor.presses('Set new password')
  await visitor.sees('This link cannot be used')
  await visitor.opens(link)
  await visitor.sees('This link cannot be used')
  await visitor.follows('Ask for a new link')
  await visitor.sees('Forgot your password?')
  await visitor.isSignedIn({ email: customer.email, password: NEW })
})

test('what only looks like a link says what to do', async ({ visitor, customer, mailbox }) => {
  visitor.expectsRefusal(410, 404)
  await visitor.forgets(customer.email)
  const link = new URL(linkIn(await mailbox.next(customer.email), 'reset'))
  const [, , id, token] = link.pathname.split('/') as [string, string, string, string]
  const flipped = token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA')
  for (const [why, path] of [
    ['a letter is wrong', `/reset/${id}/${flipped}`],
    ['the end is missing', `/reset/${id}/${token.slice(0, 20)}`],
    ['the id is another one', `/reset/01900000-0000-7000-8000-000000000000/${token}`],
    ['the id is none', `/reset/zzz/${token}`],
    ['it is for something else', `/confirm/${id}/${token}`],
    ['it is another site’s', `/s/contoso/reset/${id}/${token}`],
    ['the token is not there', '/reset/01900000-0000-7000-8000-000000000000'],
  ] as const) {
    await test.step(why, async () => {
      await visitor.page.context().clearCookies()
      await visitor.opens(path)
      await visitor.sees('This link cannot be used')
    })
  }
  // None of it has hurt the real one.
  await visitor.opens(link.href)
  await visitor.chooses(NEW)
})

test('an address without the browser that opened the link is worth nothing', async ({ visitor, anotherVisitor, customer, mailbox }) => {
  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
  const overTheShoulder = await anotherVisitor()
  overTheShoulder.expectsRefusal(410)
  await overTheShoulder.opens(visitor.page.url())
  await overTheShoulder.sees('This link cannot be used')
  expect(await visitor.page.evaluate(() => document.cookie), 'scripts cannot read the token').not.toContain('rekey-link')
})

test('a link that has expired cannot be used', { tag: '@postgres' }, async ({ visitor, customer, mailbox, rekey }) => {
  await visitor.forgets(customer.email)
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  await visitor.opens(link)
  await visitor.sees('Choose a new password')
  // Half an hour goes by.
  const id = new URL(link).pathname.split('/')[2]
  const microseconds = 31 * 60 * 1_000_000
  const sooner = `UPDATE links SET created_at = created_at - ${microseconds}, expires_at = expires_at - ${microseconds} WHERE id = '${id}'`
  const psql = spawnSync('psql', ['--no-psqlrc', '--quiet', '-c', sooner, rekey.settings.REKEY_DATABASE!], { encoding: 'utf8' })
  expect(psql.status, psql.stderr).toBe(0)

  visitor.expectsRefusal(410, 422)
  await visitor.fills({ 'New password': NEW, 'Retype new password': NEW })
  await visitor.presses('Set new password')
  await visitor.sees('This link cannot be used')
  await visitor.isSignedIn(customer)
})

test('a dispute that was a mistake changes nothing', async ({ visitor, customer, mailbox }) => {
  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.chooses(NEW)
  const link = linkIn(await mailbox.next(customer.email), 'confirm')
  await visitor.opens(link)
  await visitor.sees('Was this not you?')
  await visitor.reads('Nobody can sign in until you choose a new password')
  await visitor.follows('It was me: change nothing')
  await visitor.sees('Sign in')
  await visitor.isSignedIn({ email: customer.email, password: NEW }, link)
  await visitor.presses('It was not me: freeze the account')
  await visitor.sees('The account is frozen')
  visitor.expectsRefusal(410)
  await visitor.opens(link)
  await visitor.sees('This link cannot be used')
})

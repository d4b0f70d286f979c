import { linkIn } from '../world/mail.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

/** Goes on with the tab key until a field or button of this name has the focus; every stop on the way must be visible. */
async function tabsTo(visitor: Visitor, name: string): Promise<void> {
  const { page } = visitor
  const stops: string[] = []
  for (let stop = 0; stop < 12; stop++) {
    await page.keyboard.press('Tab')
    const focus = page.locator(':focus')
    const { outline, label } = await focus.evaluate((element) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
      const input = element as HTMLInputElement
      const label = input.labels?.[0]?.innerText ?? element.getAttribute('aria-label') ?? (element as HTMLElement).innerText
      return { outline: (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none', label: label.trim() }
    })
    expect(outline, `one can see that "${label}" has the focus`).toBe(true)
    stops.push(label)
    if (label === name) return
  }
  throw new Error(`the tab key did not lead to "${name}", but to: ${stops.join(', ')}`)
}

test('from a forgotten password to one’s account with the keyboard alone', async ({ visitor, customer, mailbox }) => {
  const { keyboard } = visitor.page
  await visitor.opens('/login')
  await expect(visitor.field('User name or email'), 'one may type at once').toBeFocused()
  await tabsTo(visitor, 'Forgot password?')
  await keyboard.press('Enter')
  await visitor.sees('Forgot your password?')
  if (!(await visitor.field('User name or email').evaluate((field) => field === document.activeElement))) {
    await tabsTo(visitor, 'User name or email')
  }
  await keyboard.type(customer.email)
  await keyboard.press('Enter')
  await visitor.sees('Check your mail')

  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
  await tabsTo(visitor, 'New password')
  await keyboard.type('velvet tractor umbrella nine')
  await tabsTo(visitor, 'Retype new password')
  await keyboard.type('velvet tractor umbrella nine')
  await tabsTo(visitor, 'Set new password')
  await keyboard.press('Enter')
  await visitor.sees('Your new password is set')
  await tabsTo(visitor, 'Sign in')
  await keyboard.press('Enter')
  await visitor.sees('Sign in')
  if (!(await visitor.field('User name or email').evaluate((field) => field === document.activeElement))) {
    await tabsTo(visitor, 'User name or email')
  }
  await keyboard.type(customer.email)
  await tabsTo(visitor, 'Password')
  await keyboard.type('velvet tractor umbrella nine')
  await tabsTo(visitor, 'Keep me signed in on this device')
  await keyboard.press('Space')
  await tabsTo(visitor, 'Sign in')
  await keyboard.press('Enter')
  await visitor.sees('Profile')
})

test('who uses the keyboard need not go through the top of every page', async ({ visitor, customer }) => {
  await visitor.isSignedIn(customer, '/account/security')
  await tabsTo(visitor, 'Skip to the content')
  await visitor.page.keyboard.press('Enter')
  await tabsTo(visitor, 'Profile')
})

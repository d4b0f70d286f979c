// The help articles that the product came from, walked step by step as their readers know them, with
// a picture of each step in shots/.

import { join } from 'node:path'

import { comesToCustomer, links, setsUpComet } from '../world/connectors.ts'
import { type Mail, linkIn } from '../world/mail.ts'
import { type Person, someConsentingCustomer, someLockedCustomer } from '../world/people.ts'
import { Phone } from '../world/phone.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const SHOTS = join(import.meta.dirname, '../shots')
const TYPED = 'granite walnut ferry nine'
const CHOSEN = 'velvet tractor umbrella nine'

/** Takes a picture of a step, at whose browser it happens. */
type Picture = (step: string, of?: Visitor) => Promise<void>

/** Pictures of the steps of one article, numbered. */
function album(article: string, visitor: Visitor): Picture {
  let number = 0
  return async (step, of = visitor) => {
    number += 1
    const scripts = visitor.isLive ? 'live' : 'plain'
    const size = (visitor.page.viewportSize()?.width ?? 0) > 600 ? 'wide' : 'narrow'
    const file = `${article}-${scripts}-${size}-${number}-${step}.png`
    await of.page.screenshot({ path: join(SHOTS, file), fullPage: true })
  }
}

/** The customer signs in with a temporary password, and is led straight to choosing another one. */
async function choosesTheirOwn(owner: Visitor, customer: Person, password: string, picture?: Picture): Promise<void> {
  await owner.triesToSignIn({ email: customer.email, password })
  await owner.sees('Choose your own password')
  await picture?.('forced-change', owner)
  // Nothing gets around it.
  await owner.opens('/account')
  await owner.sees('Choose your own password')
  owner.expectsRefusal(422)
  await owner.fills({ 'New password': password, 'Retype new password': password })
  await owner.presses('Save and go on')
  await owner.isToldAt('New password', 'You have used this password before.')
  await owner.fills({ 'New password': CHOSEN, 'Retype new password': CHOSEN })
  await owner.presses('Save and go on')
  await owner.sees('Profile')
  await owner.follows('Consent')
  await owner.reads('Who made use of it')
}

/** The password that stands in a mail. */
function passwordIn(mail: Mail): string {
  const line = mail.text.split('\n').find((line) => line.startsWith('    '))
  if (!line) throw new Error(`no password in ${mail.text}`)
  return line.trim()
}

async function finds(visitor: Visitor, customer: Person): Promise<void> {
  await visitor.page.getByRole('searchbox', { name: 'Find customers' }).fill(customer.email)
  await visitor.page.keyboard.press('Enter')
  await expect(visitor.page.locator('tbody > tr')).toHaveCount(1)
}

/** Opens the tab of a customer on which the password is reset. */
async function opensAccount(visitor: Visitor): Promise<void> {
  await visitor.page.getByRole('navigation', { name: 'About this customer' }).getByRole('link', { name: 'Account' }).click()
  await expect(visitor.page).toHaveURL(/\/account$/)
  await visitor.reads('Details')
}

test('seed 000: a reseller resets a customer’s password', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, server, mailbox, rekey }) => {
  // What one operator does is limited, so that each story has its own.
  const operator = someStaff(rekey, 'owner')
  const customer = someConsentingCustomer(server)
  const picture = album('seed-000', visitor)
  await visitor.signsInAsStaff(operator)
  await picture('signed-in')
  await visitor.follows('Customers')
  await visitor.sees('Customers')
  await finds(visitor, customer)
  await picture('customers')
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await visitor.reads('This customer allows you to set the password.')
  await picture('customer')
  await visitor.follows('Password: Manage')
  // "You will first have to enter your password, this is for your reseller account."
  await visitor.fills({ 'Your own password': operator.password })
  await picture('own-password')
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
  await visitor.page.getByRole('radio', { name: 'Type new password' }).check()
  await expect(visitor.field('Where does it apply?')).toHaveValue('portal')
  await picture('how-and-where')
  await visitor.presses('Continue')
  await visitor.reads(/Signing in with it leads straight to choosing another one/)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'New password': TYPED, 'Retype new password': 'another one altogether', Reason: 'Called, knows the last invoice' })
  await visitor.presses('Set password')
  await visitor.isToldAt('Retype new password', 'The two passwords differ.')
  await expect(visitor.field('Reason')).toHaveValue('Called, knows the last invoice')
  await visitor.fills({ 'New password': TYPED, 'Retype new password': TYPED })
  await picture('new-password')
  await visitor.presses('Set password')
  // "You will then see this window again, but as you can see from the top, the password has been updated."
  await visitor.reads('Password updated')
  await expect(visitor.page.locator('dl.facts')).toContainText('Portal')
  await expect(visitor.page.locator('dl.facts')).toContainText('Updated')
  await picture('updated')

  const notice = await mailbox.next(customer.email)
  expect(notice.subject).toBe('Your password was set by Northwind Backup')
  expect(notice.raw).not.toContain(TYPED)
  await choosesTheirOwn(await anotherVisitor(), customer, TYPED, picture)
})

test('seed 000, to its last step: in the Cloud Backup PLUS account as well', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  server,
  mailbox,
  rekey,
  comet,
}) => {
  const customer = someConsentingCustomer(server)
  const owner = await anotherVisitor()
  const system = await setsUpComet(owner, rekey, comet, `Cloud Backup PLUS ${process.pid}-${Date.now()}`)
  await links(owner, customer, system, 'acme01')

  const operator = someStaff(rekey, 'owner')
  const picture = album('seed-000-plus', visitor)
  await visitor.signsInAsStaff(operator)
  // "go to “Customers” along the top and select “View Cloud Backup PLUS Customers”."
  await visitor.follows('Customers')
  await visitor.follows(`${system} customers`)
  await visitor.reads('acme01')
  await picture('customers')
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  // "on the right hand side you will see “Cloud Backup PLUS Account Overview”."
  const panel = visitor.page.locator('section', { has: visitor.page.getByRole('heading', { name: `${system} Account Overview` }) })
  await expect(panel).toBeVisible()
  if (visitor.isLive) await expect(panel).toContainText('120 GB of 500 GB')
  await picture('customer')
  await panel.getByRole('link', { name: 'Manage' }).click()
  await visitor.fills({ 'Your own password': operator.password })
  await picture('own-password')
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
  await visitor.page.getByRole('radio', { name: 'Type new password' }).check()
  // "ensure you select “Also apply changes to the Cloud Backup PLUS account” in the dropdown"
  await visitor.field('Where does it apply?').selectOption({ label: `Also apply changes to the ${system} account` })
  await picture('how-and-where')
  await visitor.presses('Continue')
  await visitor.reads(`It becomes the password of the ${system} account acme01 as well.`)
  await visitor.reads('Encryption keys there are wrapped anew')
  await visitor.fills({ 'New password': TYPED, 'Retype new password': TYPED, Reason: 'Called, knows the last invoice' })
  await picture('new-password')
  await visitor.presses('Set password')
  // "as you can see from the top, the password has been updated."
  await visitor.reads('Password updated')
  await expect(visitor.page.locator('dl.facts')).toContainText(`${system}: acme01`)
  await expect(visitor.page.locator('dl.facts .state-ok')).toHaveCount(2)
  await picture('updated')
  expect(await comet.admits('acme01', TYPED)).toBe(true)
  expect(await comet.admits('acme01', 'before-acme01')).toBe(false)

  // What the customer chooses next goes there as well.
  await mailbox.next(customer.email)
  await choosesTheirOwn(await anotherVisitor(), customer, TYPED, picture)
  await expect.poll(() => comet.admits('acme01', CHOSEN)).toBe(true)
  await comesToCustomer(visitor, customer)
  await expect(visitor.page.getByText('The password there is another one')).toHaveCount(0)
})

test('seed 001: somebody sets up two-factor authentication', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, mailbox, rekey }) => {
  const member = someStaff(rekey, 'agent')
  const picture = album('seed-001', visitor)
  // "Login to your portal, select the “home” icon on the right and select on your name."
  await visitor.signsInAsStaff(member)
  await visitor.page.getByRole('link', { name: member.name }).click()
  await visitor.sees('Profile')
  await picture('signed-in')
  // "Go to “Security” on the left hand side." "It is currently disabled, to enable press “configure”."
  await visitor.page.getByRole('navigation', { name: 'Your account' }).getByRole('link', { name: 'Security' }).click()
  await visitor.sees('Security')
  await visitor.reads('Disabled')
  await picture('security')
  await visitor.follows('Configure')
  await visitor.sees('Two-factor authentication')
  await visitor.fills({ 'Your own password': member.password })
  await picture('own-password')
  await visitor.presses('Continue')
  // "To start turn “Require two-factor authentication for login” to “yes”."
  await visitor.reads('Require two-factor authentication for login')
  await visitor.page.getByRole('radio', { name: 'Yes' }).check()
  visitor.expectsRefusal(422)
  await visitor.presses('Generate shared secret')
  // "You will have to confirm this message, it will clear any other 2FA you have on other devices."
  await visitor.reads('Please fill this in.')
  await visitor.page.getByRole('checkbox', { name: 'I understand that this replaces the connection on other devices' }).check()
  await picture('require')
  await visitor.presses('Generate shared secret')
  // "You will be given a QR code to scan and save the connection to your device."
  await visitor.reads('Scan this with your authenticator app')
  const phone = await Phone.scans(visitor)
  await picture('qr-code')
  await visitor.fills({ 'Name of the device': 'Pocket phone', 'Code that the app shows': '123' })
  await visitor.presses('Connect')
  await visitor.isToldAt('Code that the app shows', 'This is not the code of the new entry.')
  await expect(visitor.field('Name of the device')).toHaveValue('Pocket phone')
  await visitor.fills({ 'Code that the app shows': await phone.shows() })
  await visitor.presses('Connect')
  // "You will see an “updated” banner."
  await visitor.reads('Updated: signing in now asks for your second factor.')
  await visitor.reads('Save your recovery codes')
  await expect(visitor.page.locator('#recovery-codes > li')).toHaveCount(10)
  await picture('recovery-codes')
  await visitor.presses('I have saved these')
  await visitor.sees('Security')
  await visitor.reads('10 recovery codes left')
  await picture('enabled')
  expect((await mailbox.mentioning(member.email, 'authenticator app')).subject).toBe('Two-factor authentication is on')

  const again = await anotherVisitor()
  await again.triesToSignIn(member)
  await again.sees('Confirm that it is you')
  await picture('second-step', again)
  await again.fills({ Code: await phone.shows() })
  await again.presses('Confirm')
  await again.sees(`Welcome, ${member.name}`)
})

test('seed 003: a help desk sets a customer password and unlocks the account', async ({ visitor, anotherVisitor, server, mailbox, rekey }) => {
  // What one operator does is limited, so that each story has its own.
  const operator = someStaff(rekey, 'owner')
  const customer = someLockedCustomer(server, { allowsResets: true })
  const picture = album('seed-003', visitor)
  const owner = await anotherVisitor()
  owner.expectsRefusal(422)
  await owner.triesToSignIn(customer)
  await owner.isNotLetIn()
  await visitor.signsInAsStaff(operator)
  await visitor.follows('Customers')
  await visitor.sees('Customers')
  // "Use the Scope Selector to select the relevant scope."
  await visitor.page.getByText('Scope', { exact: true }).click()
  await visitor.page.locator('#content').getByRole('link', { name: 'Northwind Backup' }).click()
  await visitor.reads('Northwind Backup and everything below it')
  await picture('scope')
  await finds(visitor, customer)
  await picture('filtered')
  if (visitor.isLive) await visitor.page.locator('tbody > tr').dblclick()
  else await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await visitor.reads(/Locked by staff/)
  await picture('customer')
  // "Click the Account tab. Click Edit. Click the Reset Password button."
  await opensAccount(visitor)
  await visitor.follows('Edit')
  await visitor.reads(/changed by a way of its own/)
  await picture('edit')
  await visitor.follows('Reset password')
  await visitor.fills({ 'Your own password': operator.password })
  await picture('own-password')
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
  await picture('set-customer-password')
  // Select "Send Reset Password email to customer" and OK.
  await visitor.page.getByRole('radio', { name: 'Send reset email to customer' }).check()
  await visitor.presses('Continue')
  await visitor.reads('The account is unlocked at once.')
  await visitor.fills({ Reason: 'Called from the number we know', 'Ticket number (optional)': 'T-77' })
  await picture('check')
  await visitor.presses('Send reset email to customer')
  await visitor.reads(/A link is on its way/)
  await picture('sent')
  // Issuing it has unlocked the account.
  await owner.signsIn(customer)
  const link = linkIn(await mailbox.next(customer.email), 'reset')
  await owner.opens(link)
  await owner.chooses(CHOSEN)

  // Changing the password manually.
  await visitor.follows('Back to the customer')
  await visitor.sees(customer.name)
  await opensAccount(visitor)
  await visitor.follows('Reset password')
  await visitor.page.getByRole('radio', { name: 'Type new password' }).check()
  await visitor.presses('Continue')
  await visitor.fills({ 'New password': TYPED, 'Retype new password': TYPED, Reason: 'Could not open the mail' })
  await picture('typed')
  await visitor.presses('Set password')
  await visitor.reads('Password updated')
  await picture('updated')
  await visitor.follows('See it in the audit log')
  await visitor.reads('Could not open the mail')
  await picture('audit')
  await owner.triesToSignIn({ email: customer.email, password: TYPED })
  await owner.sees('Choose your own password')
  await owner.presses('Not now, sign out')
  await owner.sees('Sign in')
})

test('seed 004: a password is generated and mailed, or set with Manage', { tag: '@phone' }, async ({ visitor, anotherVisitor, server, mailbox, rekey }) => {
  // What one operator does is limited, so that each story has its own.
  const operator = someStaff(rekey, 'owner')
  const customer = someConsentingCustomer(server)
  const picture = album('seed-004', visitor)
  const owner = await anotherVisitor()
  // "It is possible for a customer to reset their own password by using the Forgotten Password link."
  await owner.opens('/login')
  await owner.follows('Forgot password?')
  await owner.sees('Forgot your password?')
  await visitor.signsInAsStaff(operator)
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await picture('overview')
  await visitor.follows('Reset & mail password')
  await visitor.fills({ 'Your own password': operator.password })
  await visitor.presses('Continue')
  await visitor.reads(/A passphrase of six words is made and mailed/)
  await visitor.fills({ Reason: 'Lost the old one' })
  await picture('check')
  await visitor.presses('Generate and mail')
  await visitor.reads('Password updated')
  await picture('updated')
  const password = passwordIn(await mailbox.next(customer.email))
  expect(password.split(' ')).toHaveLength(6)
  await expect(visitor.page.locator('body')).not.toContainText(password)
  await choosesTheirOwn(owner, customer, password)

  // "Alternatively the password can be changed by selecting the MANAGE button on the Customers page."
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(`Manage ${customer.name}`)
  await visitor.sees('Set customer password')
  await visitor.page.getByRole('radio', { name: 'Type new password' }).check()
  await visitor.presses('Continue')
  await visitor.fills({ 'New password': TYPED, 'Retype new password': TYPED, Reason: 'Asked at the counter' })
  await visitor.presses('Set password')
  await visitor.reads('Password updated')
  await picture('manual')
})

test('what is not possible says why', async ({ visitor, customer, anotherVisitor, rekey }) => {
  // What one operator does is limited, so that each story has its own.
  const operator = someStaff(rekey, 'owner')
  const owner = await anotherVisitor()
  await owner.signsIn(customer)
  await owner.follows('Consent')
  await owner.page.getByRole('radio', { name: 'Do not allow' }).check()
  await owner.presses('Save')
  await owner.reads('Your choice is saved.')
  await visitor.signsInAsStaff(operator)
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await expect(visitor.page.getByRole('link', { name: 'Reset & mail password' })).toHaveCount(0)
  await visitor.follows('Password: Manage')
  await visitor.fills({ 'Your own password': operator.password })
  await visitor.presses('Continue')
  for (const way of ['Type new password', 'Generate and mail']) {
    const radio = visitor.page.getByRole('radio', { name: way })
    await expect(radio).toBeDisabled()
    await expect(radio).toHaveAccessibleDescription(/The customer does not allow it/)
  }
  // An address that was made by hand leads nowhere else.
  await visitor.opens(`${new URL(visitor.page.url()).pathname}?how=typed`)
  await visitor.reads(/The customer does not allow it/)
  await expect(visitor.page.getByLabel('Retype new password')).toHaveCount(0)
})

// Owners and admins set their organization up: rules, staff, mail.

import { linkIn } from '../world/mail.ts'
import { type Person, PASSWORD } from '../world/people.ts'
import { world } from '../world/servers.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: PASSWORD }
const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: PASSWORD }
const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: PASSWORD }
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }
const NEXT = 'velvet tractor umbrella nine'

async function comes(visitor: Visitor, who: Person, path: string): Promise<void> {
  await visitor.comesAsStaff(who)
  await visitor.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Organization' }).click()
  await visitor.sees('Policy')
  if (path !== '/organization/policy') await visitor.opens(path)
}

async function confirms(visitor: Visitor, who: Person): Promise<void> {
  await visitor.fills({ 'Your own password': who.password })
  await visitor.presses('Continue')
}

const rule = (visitor: Visitor, word: string) => visitor.page.locator(`[data-rule=${word}]`)

test('an owner changes a rule, and is told what is allowed', { tag: ['@phone', '@journey'] }, async ({ visitor }) => {
  // Freya’s rules hold for nobody else’s story.
  await comes(visitor, FREYA, '/organization/policy')
  await visitor.reads('For Fjord IT')
  await rule(visitor, 'password_history').getByRole('link').click()
  await visitor.sees('Earlier passwords that are refused')
  await visitor.reads('You may choose')
  await confirms(visitor, FREYA)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Your own value': '25' })
  await visitor.presses('Save')
  await visitor.isToldAt('Your own value', 'Please enter a number from 0 to 24.')
  await expect(visitor.field('Your own value')).toHaveValue('25')
  const wanted = String(2 + Math.floor(Math.random() * 20))
  await visitor.fills({ 'Your own value': wanted })
  await visitor.presses('Save')
  await visitor.reads('Saved: Earlier passwords that are refused.')
  await expect(rule(visitor, 'password_history')).toContainText(`the last ${wanted}`)
  await expect(rule(visitor, 'password_history')).toContainText('Chosen here')
})

test('somebody is invited, comes, gets another role, and is set aside', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  mailbox,
}, info) => {
  const nova = { name: 'Nova Lind', email: `nova-${info.workerIndex}-${Date.now()}@fjord.example`, password: NEXT }
  await comes(visitor, FREYA, '/organization/staff')
  await visitor.sees('Staff')
  await visitor.follows('Invite somebody')
  await visitor.sees('Invite somebody')
  await confirms(visitor, FREYA)
  visitor.expectsRefusal(422)
  await visitor.fills({ Name: nova.name, 'Email address': 'freya@fjord.example' })
  await visitor.presses('Send the invitation')
  await visitor.isToldAt('Email address', 'There is an account with this address at this sign-in page already.')
  await expect(visitor.field('Name')).toHaveValue(nova.name)
  await visitor.fills({ 'Email address': nova.email })
  await visitor.presses('Send the invitation')
  await visitor.sees(nova.name)
  await visitor.reads(`The invitation is on its way to ${nova.email}.`)
  await visitor.presses('Send the invitation again')
  await visitor.reads(`The invitation is on its way to ${nova.email}.`)

  const first = await mailbox.next(nova.email)
  expect(first.subject).toBe('Your account at Northwind Backup')
  const second = await mailbox.next(nova.email)
  const invited = await anotherVisitor()
  invited.expectsRefusal(410)
  await invited.opens(linkIn(first, 'invitation'))
  await invited.sees('This link cannot be used')
  await invited.opens(linkIn(second, 'invitation'))
  await invited.sees('Choose your password')
  await invited.fills({ 'New password': nova.password, 'Retype new password': nova.password })
  await invited.presses('Set new password')
  await invited.sees('Your new password is set')
  await invited.comesAsStaff(nova)
  await invited.reads('Your role at Fjord IT: agent.')
  await mailbox.next(nova.email)

  await visitor.reloads()
  await visitor.page.getByRole('radio', { name: 'Auditor' }).check()
  await visitor.presses('Change the role')
  await visitor.reads('The role is changed, and a mail says so.')
  expect((await mailbox.next(nova.email)).text).toMatch(/From now on you are:\s+auditor\./)
  await invited.opens('/organization/policy')
  await invited.sees('Policy')
  await expect(invited.page.getByRole('link', { name: /^Change/ })).toHaveCount(0)

  await visitor.presses('Suspend access')
  await visitor.reads('Suspended and signed out everywhere.')
  await invited.reloads()
  await invited.sees('Sign in')
  invited.expectsRefusal(422)
  await invited.triesToSignIn(nova)
  await invited.isNotLetIn()
  await visitor.presses('Resume access')
  await visitor.reads('They can sign in again.')
  await invited.triesToSignIn(nova)
  await invited.sees(`Welcome, ${nova.name}`)
})

test('a superior’s link sets staff free who forgot the password', async ({ visitor, anotherVisitor, mailbox }, info) => {
  const remy = { name: 'Remy Falk', email: `remy-${info.workerIndex}-${Date.now()}@fjord.example`, password: NEXT }
  await comes(visitor, OLIVIA, '/organization/staff')
  const scopes = visitor.page.getByLabel('Scope', { exact: true })
  await scopes.selectOption((await scopes.locator('option', { hasText: 'Fjord IT' }).getAttribute('value'))!)
  await visitor.presses('Show')
  await visitor.reads('For Fjord IT')
  await visitor.follows('Invite somebody')
  await confirms(visitor, OLIVIA)
  await visitor.fills({ Name: remy.name, 'Email address': remy.email })
  await visitor.presses('Send the invitation')
  await visitor.sees(remy.name)
  const invited = await anotherVisitor()
  await invited.opens(linkIn(await mailbox.next(remy.email), 'invitation'))
  await invited.fills({ 'New password': 'a first password nobody keeps', 'Retype new password': 'a first password nobody keeps' })
  await invited.presses('Set new password')
  await invited.sees('Your new password is set')
  await mailbox.next(remy.email)

  await visitor.reloads()
  visitor.expectsRefusal(422)
  await visitor.presses('Mail a link to a new password')
  await visitor.isToldAt('Reason', 'Please fill this in.')
  await visitor.fills({ Reason: 'Stood at my desk' })
  await visitor.presses('Mail a link to a new password')
  await visitor.reads(`A link to a new password is on its way to ${remy.email}.`)
  await invited.opens(linkIn(await mailbox.next(remy.email), 'reset'))
  await invited.chooses(remy.password)
  await invited.comesAsStaff(remy)
})

test('nobody changes their own role, and the last owner stays', async ({ visitor }) => {
  await comes(visitor, FREYA, '/organization/staff')
  await visitor.page.getByRole('main').getByRole('link', { name: 'Freya Nordahl' }).click()
  await visitor.sees('Freya Nordahl')
  await visitor.reads('This is you.')
  await expect(visitor.page.getByRole('button', { name: 'Suspend access' })).toHaveCount(0)
})

test('agents and customers see nothing of it, auditors read it, and those next door are not there', async ({ visitor, customer }) => {
  await visitor.comesAsStaff(ARUN)
  await expect(visitor.page.getByRole('link', { name: 'Organization' })).toHaveCount(0)
  visitor.expectsRefusal(403, 404)
  for (const path of ['/organization/policy', '/organization/staff', '/organization/email', '/organization/mail']) {
    await visitor.opens(path)
    await visitor.reads(/Your role does not allow that/)
  }
  await visitor.presses('Sign out')
  await visitor.isSignedIn(customer)
  for (const path of ['/organization/policy', '/organization/staff/new']) {
    await visitor.opens(path)
    await visitor.reads('There is nothing here, or nothing that you may see.')
  }
  await visitor.presses('Sign out')
  await comes(visitor, ADA, '/organization/policy')
  await expect(visitor.page.getByRole('link', { name: /^Change/ })).toHaveCount(0)
  const nobody = '00000000-0000-0000-0000-000000000000'
  for (const path of [`/organization/policy?scope=${nobody}`, `/organization/staff?scope=${nobody}`, `/organization/staff/${nobody}`, `/organization/mail/${nobody}`, '/organization/policy/nothing']) {
    await visitor.opens(path)
    await visitor.reads('There is nothing here, or nothing that you may see.')
  }
})

test('mail goes through one’s own mail server, and a test mail tells how far it came', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  server,
  mailbox,
}) => {
  await comes(visitor, FREYA, '/organization/email')
  await visitor.sees('Email')
  await confirms(visitor, FREYA)
  visitor.expectsRefusal(422)
  await visitor.page.getByRole('radio', { name: 'Your own mail server' }).check()
  await visitor.fills({ 'Mail server': 'http://nowhere', 'Sender’s address': 'nobody', 'User name': server, 'Password of the mail server': 'not kept' })
  await visitor.presses('Save')
  await visitor.isToldAt('Mail server', 'This is not the name of a server.')
  await visitor.isToldAt('Sender’s address', 'This is not an email address.')
  // What was typed stays, but for the password without scripts.
  await expect(visitor.field('User name')).toHaveValue(server)
  if (!visitor.isLive) await expect(visitor.field('Password of the mail server')).toHaveValue('')
  const { smtp, password } = world().mail
  await visitor.fills({
    'Mail server': 'localhost',
    Port: String(smtp),
    'Password of the mail server': password,
    'Sender’s address': 'desk@fjord.example',
    'Sender’s name': 'Fjord Desk',
  })
  await visitor.presses('Save')
  await visitor.reads('The email settings are saved.')
  await visitor.reloads()
  await expect(visitor.field('Mail server')).toHaveValue('localhost')
  await expect(visitor.field('Password of the mail server')).toHaveValue('')
  await visitor.reads('A password is stored.')
  await visitor.presses('Send test mail')
  await visitor.reads(`The mail server took the test mail for ${FREYA.email}.`)
  for (;;) {
    const mail = await mailbox.next(FREYA.email)
    if (mail.from.address === 'desk@fjord.example') {
      expect(mail.from.name).toBe('Fjord Desk')
      expect(mail.secure).toBe(true)
      expect(mail.raw).not.toContain('DKIM-Signature')
      break
    }
  }

  // Signed, once the record is published.
  await visitor.presses('Make a key')
  await visitor.reads('Publish this record in the DNS of your domain.')
  await expect(visitor.page.locator('#dkim-name')).toHaveText(/^rekey-[0-9a-f]{8}\._domainkey\.fjord\.example$/)
  await expect(visitor.page.locator('#dkim-value')).toHaveText(/^v=DKIM1; k=rsa; p=MII/)
  await visitor.presses('It is published: sign mail')
  await visitor.reads('Mail from fjord.example is signed.')
  await visitor.presses('Send test mail')
  await visitor.reads(`The mail server took the test mail for ${FREYA.email}.`)
  for (;;) {
    const mail = await mailbox.next(FREYA.email)
    if (/^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=fjord\.example;/m.test(mail.raw)) break
  }
  await visitor.presses('Stop signing')
  await visitor.reads('Publish this record in the DNS of your domain.')
  await visitor.presses('Remove the key')
  await expect(visitor.page.getByRole('button', { name: 'Make a key' })).toBeVisible()
})

test('what could not be delivered is found in the log and sent again', { tag: ['@phone', '@journey'] }, async ({ visitor }, info) => {
  const email = `bounce-${info.workerIndex}-${Date.now()}@fjord.example`
  await comes(visitor, FREYA, '/organization/staff/new')
  await confirms(visitor, FREYA)
  await visitor.fills({ Name: 'Bo Unce', 'Email address': email })
  await visitor.presses('Send the invitation')
  await visitor.sees('Bo Unce')
  const row = visitor.page.locator('[data-mail]').filter({ hasText: email })
  await expect(async () => {
    await visitor.opens('/organization/mail')
    await expect(row).toContainText('Given up', { timeout: 500 })
  }).toPass()
  await expect(row).toContainText('550')
  await row.getByRole('link').click()
  await visitor.sees('Invitation')
  await visitor.reads('with a new link. The old link stops working.')
  await visitor.presses('Send again')
  await visitor.reads('The mail is on its way again.')
  await visitor.opens('/organization/mail?state=replaced')
  await expect(row).toContainText('Sent again')
})

test('words that the organization blocks make no password', async ({ visitor, anotherVisitor, rekey, mailbox }) => {
  // Below Northwind, so that nobody else's passwords are judged by it.
  const own = `Islet ${process.pid}-${Date.now()}`
  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner, '/organizations/new')
  await confirms(visitor, owner)
  await visitor.fills({ Name: own })
  await visitor.page.getByRole('radio', { name: /^Shared with/ }).check()
  await visitor.presses('Add the organization')
  await visitor.sees(own)
  await visitor.follows('Settings')
  await visitor.sees('Policy')
  await visitor.reads('Words that no password is made of')
  visitor.expectsRefusal(422)
  await visitor.fills({ Words: 'abc' })
  await visitor.presses('Save')
  await visitor.isToldAt('Words', 'Each word needs 4 to 60 letters or digits.')
  await visitor.fills({ Words: 'Lighthouse, blue whale' })
  await visitor.presses('Save')
  await visitor.reads('Saved: Words that no password is made of.')
  await visitor.reloads()
  await expect(visitor.field('Words')).toHaveValue('lighthouse\nblue whale')

  const scope = new URL(visitor.page.url()).searchParams.get('scope')!
  const remy = { name: 'Remy Falk', email: `remy-${process.pid}-${Date.now()}@islet.example` }
  await visitor.opens(`/organization/staff/new?scope=${scope}`)
  await visitor.fills({ Name: remy.name, 'Email address': remy.email })
  await visitor.presses('Send the invitation')
  await visitor.sees(remy.name)
  const invited = await anotherVisitor()
  invited.expectsRefusal(422)
  await invited.opens(linkIn(await mailbox.next(remy.email), 'invitation'))
  await invited.fills({ 'New password': 'Lighthouse-2026', 'Retype new password': 'Lighthouse-2026' })
  await invited.presses('Set new password')
  await invited.isToldAt('New password', 'This is little more than a word that is not allowed here.')
})

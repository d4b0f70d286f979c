// A new email address: confirmed at the new mailbox, held while the old one can stop it.

import {
  asksForAddress,
  asksForSecond,
  comesToCustomersAddress,
  comesToOwnAddress,
  newAddressOf,
  verifiesForAddress,
} from '../world/email-change.ts'
import { linkIn } from '../world/mail.ts'
import { PASSWORD } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'

const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: PASSWORD }

test('a new address is confirmed in its own mailbox and takes effect later', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  await comesToOwnAddress(visitor, customer)
  visitor.expectsRefusal(422, 422)
  await visitor.fills({ 'New email address': 'nowhere' })
  await visitor.presses('Ask for the new address')
  await visitor.isToldAt('New email address', /email address/)
  await expect(visitor.field('New email address')).toHaveValue('nowhere')
  await visitor.fills({ 'New email address': customer.email.toUpperCase() })
  await visitor.presses('Ask for the new address')
  await visitor.isToldAt('New email address', 'That is the address already.')
  const address = newAddressOf(customer)
  await visitor.fills({ 'New email address': address })
  await visitor.presses('Ask for the new address')
  await visitor.reads('The new address is asked for.')
  await visitor.reads(`The address is to become ${address}.`)

  const mail = await mailbox.next(address)
  expect(mail.subject).toBe('Confirm your new email address')
  expect(mail.text).not.toContain(customer.name)
  const anybody = await anotherVisitor()
  const link = linkIn(mail, 'new-address')
  await anybody.opens(link)
  await anybody.sees('Confirm this email address?')
  // The address holds the token no more.
  expect(anybody.page.url()).not.toContain(link.split('/').pop())
  await anybody.presses('Confirm this address')
  await anybody.sees('The address is confirmed')
  anybody.expectsRefusal(410)
  await anybody.opens(link)
  await anybody.sees('This link cannot be used')

  await visitor.reloads()
  await visitor.reads('It was confirmed at the new address.')
  // Until then nothing is any different.
  const elsewhere = await anotherVisitor()
  await elsewhere.isSignedIn(customer)
  await elsewhere.reads('The email address of this account is to become')
  const stranger = await anotherVisitor()
  stranger.expectsRefusal(422)
  await stranger.triesToSignIn({ email: address, password: customer.password })
  await stranger.isNotLetIn()
})

test('the old mailbox keeps the address with one press', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
}) => {
  await asksForAddress(visitor, customer)
  const mail = await mailbox.mentioning(customer.email, '/keep-address/')
  expect(mail.subject).toBe('A new email address for your account?')
  const anybody = await anotherVisitor()
  await anybody.opens(linkIn(mail, 'keep-address'))
  await anybody.sees('Keep your email address?')
  await anybody.presses('Keep my email address')
  await anybody.sees('Your email address stays')
  await visitor.opens('/account')
  await visitor.sees('Profile')
  await expect(visitor.page.getByText('is to become')).toHaveCount(0)
})

test('every page of the account tells of a change, and keeps the address', { tag: ['@phone'] }, async ({ visitor, customer }) => {
  await asksForAddress(visitor, customer)
  for (const path of ['/account', '/account/security', '/account/activity']) {
    await visitor.opens(path)
    await visitor.reads('The email address of this account is to become')
  }
  await visitor.presses('Keep the present address')
  await visitor.sees('Email address')
  await visitor.reads('Your address stays as it is.')
  await expect(visitor.page.getByText('is to become')).toHaveCount(0)
})

test('whether an address is taken is told to nobody but who has it', async ({ visitor, customer, mailbox }) => {
  await comesToOwnAddress(visitor, customer)
  await visitor.fills({ 'New email address': 'casey@acme.example' })
  await visitor.presses('Ask for the new address')
  await visitor.reads('The new address is asked for.')
  await visitor.reads('Nobody has confirmed it at the new address yet.')
  const mail = await mailbox.mentioning('casey@acme.example', 'wanted to use this address')
  expect(mail.subject).toBe('Somebody tried to use this email address')
  expect(mail.text).not.toContain('http')
  await visitor.presses('Keep the present address')
  await visitor.reads('Your address stays as it is.')
})

test('staff change a customer’s address once the caller has read a code back', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  customer,
  rekey,
  mailbox,
}) => {
  test.slow()
  await comesToCustomersAddress(visitor, rekey, customer)
  await visitor.reads('Before the email address is changed, the caller has to read back a code')
  await verifiesForAddress(visitor, mailbox, customer)
  await visitor.reads('Nothing for 72 hours.')
  visitor.expectsRefusal(422)
  const address = newAddressOf(customer)
  await visitor.fills({ 'New email address': address, 'Ticket number (optional)': 'T-12' })
  await visitor.presses('Ask for the new address')
  await visitor.isToldAt('Reason', 'Please fill this in.')
  await expect(visitor.field('New email address')).toHaveValue(address)
  await expect(visitor.field('Ticket number (optional)')).toHaveValue('T-12')
  await visitor.fills({ Reason: 'The company has another name' })
  await visitor.presses('Ask for the new address')
  await visitor.reads('The new address is asked for.')
  const told = await mailbox.mentioning(customer.email, '/keep-address/')
  expect(told.text).toContain('Ada Min of Northwind Backup')

  await visitor.follows('Continue')
  await visitor.sees(customer.name)
  await visitor.reads('A change waits:')
  await visitor.follows('See how it stands')
  await visitor.sees('Change email address')
  await visitor.presses('Stop the change')
  await visitor.reads('The change is stopped')
})

test('the help desk sees that an address is about to change, and leaves it to others', async ({ visitor, anotherVisitor, customer }) => {
  await asksForAddress(visitor, customer)
  const desk = await anotherVisitor()
  await desk.comesAsStaff(ARUN, `/customers?q=${encodeURIComponent(customer.email)}`)
  await desk.follows(customer.name)
  await desk.sees(customer.name)
  await desk.reads('A change waits:')
  await desk.follows('See how it stands')
  await desk.sees('Change email address')
  await expect(desk.page.getByRole('button', { name: 'Stop the change' })).toHaveCount(0)
})

test('with the old mailbox lost a second person agrees before anything begins', { tag: ['@journey'] }, async ({
  visitor,
  anotherVisitor,
  customer,
  rekey,
  mailbox,
}) => {
  test.slow()
  const address = await asksForSecond(visitor, rekey, customer)
  const early = await mailbox.mentioning(customer.email, '/keep-address/')
  expect(early.text).toMatch(/A second member of staff has\s+to agree first/)
  await visitor.reloads()
  await expect(visitor.page.getByRole('button', { name: 'Agree to the new address' })).toHaveCount(0)

  const owner = someStaff(rekey, 'owner')
  const second = await anotherVisitor()
  await second.comesAsStaff(owner)
  await second.reads('New email addresses that a second person has to agree to')
  await second.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await second.follows(customer.name)
  await second.sees(customer.name)
  await second.follows('See how it stands')
  await second.reads('The provider closed the mailbox')
  await second.reads(`The address is to become ${address}.`)
  await second.fills({ 'Your own password': owner.password })
  await second.presses('Continue')
  await second.reads('You are the second person:')
  await second.fills({ Reason: 'Met them at the counter' })
  await second.presses('Agree to the new address')
  await second.reads('You agreed.')
  expect((await mailbox.next(address)).subject).toBe('Confirm your new email address')
})

test('who may not change an address is told who may', async ({ visitor, customer }) => {
  await visitor.comesAsStaff(ARUN, `/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.reads('Owners and admins change it.')
  await visitor.opens(`${new URL(visitor.page.url()).pathname}/email`)
  await visitor.reads('Your role does not allow you to change email addresses. Ask an admin or an owner.')
})

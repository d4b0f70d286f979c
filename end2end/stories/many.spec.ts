// Many customers at once: from a file, into a file, and links to all of them.

import { readFileSync } from 'node:fs'

import { linkIn } from '../world/mail.ts'
import type { Person } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import { type Visitor, until } from '../world/visitor.ts'

const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: 'harbour lantern mosaic' }

/** A word that no other story, server or way of telling it has. */
const word = () => `w${process.pid}x${Date.now()}`

async function sends(visitor: Visitor, text: string | Buffer): Promise<void> {
  await visitor.opens('/customers/import')
  await visitor.sees('Import customers')
  await visitor.page.getByLabel('File', { exact: true }).setInputFiles({ name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  await visitor.presses('Send the file')
}

async function proves(visitor: Visitor, { password }: Person): Promise<void> {
  await visitor.fills({ 'Your own password': password })
  await visitor.presses('Continue')
}

test('customers are imported from a file, and the same file again changes nothing', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  mailbox,
  rekey,
}) => {
  const own = word()
  const file = [
    'Customer no.;Name;E-mail;Company;Permission',
    `${own}-1;Nova Abend;nova.${own}@newcomers.example;Abend Optics;yes`,
    `${own}-2;Nils Berger;nils.${own}@newcomers.example;;no`,
    `${own}-3;;nobody;;perhaps`,
  ].join('\r\n')
  const admin = someStaff(rekey, 'admin')
  await visitor.comesAsStaff(admin, '/customers')
  await visitor.follows('Import')
  await visitor.sees('Import customers')
  await sends(visitor, file)
  await visitor.reads('What do the columns of your file mean?')
  await expect(visitor.field('Reference')).toHaveValue('0')
  await expect(visitor.field('Consent to resets')).toHaveValue('4')
  await visitor.presses('Check every row')
  await until(visitor, 'This is what would happen:')
  await visitor.reads('Line 4')
  await visitor.reads(/Email address: This is not an email address/)
  await proves(visitor, admin)
  await visitor.page.getByLabel('Mail every new customer an invitation').check()
  await visitor.presses('Start the import')
  await until(visitor, 'The import is done.')
  await visitor.reads('3 of 3 (100%)')
  await visitor.reloads()
  await visitor.reads('The import is done.')

  const [report] = await Promise.all([visitor.page.waitForEvent('download'), visitor.follows('Download the report')])
  const lines = readFileSync(await report.path(), 'utf8').trim().split('\r\n')
  expect(lines.slice(0, 3)).toEqual(['line,outcome,why', '2,created,', '3,created,'])
  expect(lines[3]).toContain('4,refused,Email address: This is not an email address.')

  const owner = await anotherVisitor()
  await owner.opens(linkIn(await mailbox.next(`nova.${own}@newcomers.example`), 'invitation'))
  await owner.sees('Choose your password')

  await sends(visitor, file)
  await visitor.presses('Check every row')
  await until(visitor, 'There is nothing to do: nobody would be created or changed.')
})

test('what is no file of customers is told', async ({ visitor, rekey }) => {
  const admin = someStaff(rekey, 'admin')
  await visitor.comesAsStaff(admin)
  await sends(visitor, 'Name,Email\n')
  await visitor.reads('There are no rows below the headings.')
  await sends(visitor, Buffer.from([0xff, 0xfe, 0x4e, 0x00]))
  await visitor.reads(/This is not text in UTF-8/)
})

test('the customers of a list leave as a file', { tag: '@phone' }, async ({ visitor, rekey }) => {
  const admin = someStaff(rekey, 'admin')
  await visitor.comesAsStaff(admin, '/customers?q=casey@acme')
  await visitor.sees('Customers')
  await visitor.follows('Export')
  await visitor.sees('Export customers')
  await proves(visitor, admin)
  await visitor.reads(/Customers in the file: 1,/)
  const [file] = await Promise.all([visitor.page.waitForEvent('download'), visitor.presses('Download the file')])
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toContain('Casey Thornton,casey@acme.example')
})

test('links are sent to those who were picked', { tag: '@phone' }, async ({ visitor, customer, mailbox, rekey }) => {
  const admin = someStaff(rekey, 'admin')
  await visitor.comesAsStaff(admin, `/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.sees('Customers')
  await visitor.page.getByRole('checkbox', { name: `Pick ${customer.name}` }).check()
  await visitor.presses('Send reset emails to those picked')
  await visitor.sees('Send reset emails')
  await proves(visitor, admin)
  await visitor.reads(/Customers who are mailed a link: 1\./)
  visitor.expectsRefusal(422)
  await visitor.fills({ Reason: 'Their provider was broken into', 'How many are they?': '2' })
  await visitor.presses('Send reset emails')
  await visitor.isToldAt('How many are they?', /This is not how many they are/)
  await visitor.fills({ 'How many are they?': '1' })
  await visitor.presses('Send reset emails')
  await until(visitor, 'Done. Every link that could be mailed is on its way.')
  linkIn(await mailbox.next(customer.email), 'reset')
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows('Send reset emails to all that were found')
  await visitor.reads(/Customers who are mailed a link: 1\./)
})

test('after an incident nobody’s old password works any more, and links go out', { tag: '@journey' }, async ({
  visitor,
  anotherVisitor,
  customer,
  mailbox,
  rekey,
}) => {
  const guest = await anotherVisitor()
  await guest.isSignedIn(customer)
  const place = `/customers/links?all=1&q=${encodeURIComponent(customer.email)}`
  const admin = await anotherVisitor()
  const min = someStaff(rekey, 'admin')
  await admin.comesAsStaff(min, place)
  await proves(admin, min)
  await admin.reads('To confirm, type: 1')
  await expect(admin.field('Stop the passwords that are in use'), 'owners decide that').toBeHidden()

  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner, place)
  await proves(visitor, owner)
  await visitor.field('Stop the passwords that are in use').check()
  await visitor.fills({ Reason: 'Our old portal was broken into', 'How many are they?': '1' })
  await visitor.presses('Send reset emails')
  await until(visitor, 'Done. Every link that could be mailed is on its way.')
  await visitor.reads('None of the passwords that were in use works any more, and everybody was signed out.')

  await guest.opens('/account')
  await guest.sees('Sign in')
  guest.expectsRefusal(422)
  await guest.triesToSignIn(customer)
  await guest.isNotLetIn()
  await guest.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await guest.chooses('velvet tractor umbrella nine')
  await guest.signsIn({ email: customer.email, password: 'velvet tractor umbrella nine' })
})

test('an agent does nothing to many', async ({ visitor }) => {
  await visitor.comesAsStaff(ARUN, '/customers')
  await visitor.sees('Customers')
  await expect(visitor.page.getByRole('link', { name: 'Import' })).toHaveCount(0)
  await expect(visitor.page.getByRole('checkbox')).toHaveCount(0)
  visitor.expectsRefusal(403)
  for (const path of ['/customers/import', '/customers/export', '/customers/links?all=1']) {
    await visitor.opens(path)
    await visitor.reads(/Your role does not allow that/)
  }
})

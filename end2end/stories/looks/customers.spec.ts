// Customers, one and many.

import { linkIn } from '../../world/mail.ts'
import { walk } from '../../world/look.ts'
import { someStaff } from '../../world/staff.ts'

const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: 'harbour lantern mosaic' }
const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: 'harbour lantern mosaic' }
const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: 'harbour lantern mosaic' }

walk('the list', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(ARUN, '/customers')
  await visitor.sees('Customers')
  await looks('customers')
  await visitor.opens('/customers?state=locked&order=last_sign_in&desc=1')
  await visitor.sees('Customers')
  await visitor.page.getByText('Scope', { exact: true }).click()
  await visitor.reads('Fjord IT')
  await looks('customers-scopes')
  await visitor.opens('/customers?q=nobody%20is%20called%20so')
  await visitor.reads('Nobody fits.')
  await looks('customers-nobody')
  await visitor.opens('/customers?q=casey')
  await visitor.follows('Casey Thornton')
  await visitor.sees('Casey Thornton')
  await visitor.reloads()
  await looks('customer')
  await visitor.opens('/customers?q=lou%40lakeside')
  await visitor.follows('Lou Marchetti')
  await visitor.sees('Lou Marchetti')
  await visitor.reloads()
  await looks('customer-locked')
})

walk('a customer, from the first day to the last', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/customers/new')
  await visitor.sees('New customer')
  await looks('customer-new')
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Email address': 'casey@acme.example' })
  await visitor.presses('Create customer')
  await visitor.isToldAt('Name', 'Please fill this in.')
  await looks('customer-new-refused')
  await visitor.opens('/customers?q=casey')
  await visitor.follows('Casey Thornton')
  await visitor.sees('Casey Thornton')
  const casey = new URL(visitor.page.url()).pathname
  for (const [name, page] of [
    ['customer-account', '/account'],
    ['customer-edit', '/account?edit=1'],
    ['customer-services', '/services'],
    ['customer-activity', '/activity'],
  ] as const) {
    await visitor.opens(casey + page)
    await visitor.sees('Casey Thornton')
    await looks(name)
  }
  await visitor.opens(`${casey}/delete`)
  await visitor.sees('Delete customer')
  await looks('customer-delete-prove')
  await visitor.fills({ 'Your own password': OLIVIA.password })
  await visitor.presses('Continue')
  await visitor.reads('This is what happens:')
  await looks('customer-delete')
})

walk('many at once', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/customers')
  await visitor.page.getByRole('checkbox').first().check()
  await looks('customers-picked')
  await visitor.opens('/customers/links?all=1&q=casey@acme')
  await visitor.fills({ 'Your own password': OLIVIA.password })
  await visitor.presses('Continue')
  await visitor.reads('How many are they?')
  await looks('links-many')
  await visitor.opens('/customers/export')
  await visitor.reads(/Customers in the file/)
  await looks('export')
})

walk('an import', async ({ visitor, rekey, looks }) => {
  await visitor.comesAsStaff(someStaff(rekey, 'admin'), '/customers/import')
  await visitor.sees('Import customers')
  await looks('import')
  const text = 'Reference,Name,E-mail,Company\nL-1,Lena Looks,lena@looks.example,Looks\nL-2,,nowhere,\nL-3,Casey,casey@acme.example,\n'
  const file = { name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
  await visitor.page.getByLabel('File', { exact: true }).setInputFiles(file)
  await visitor.presses('Send the file')
  await visitor.reads('What do the columns of your file mean?')
  await looks('import-columns')
  await visitor.presses('Check every row')
  const told = visitor.page.getByText('This is what would happen:')
  for (let look = 0; look < 50 && !(await told.isVisible()); look++) {
    if (visitor.isLive) await told.waitFor({ timeout: 1_000 }).catch(() => undefined)
    else await visitor.reloads()
  }
  await visitor.reads('Left out, and why')
  await looks('import-checked')
})

walk('what staff have before them', async ({ visitor, anotherVisitor, customer, mailbox, looks }) => {
  await visitor.comesAsStaff(OLIVIA)
  await visitor.sees('Welcome, Olivia Berg')
  await looks('home')
  const owner = await anotherVisitor()
  await owner.forgets(customer.email)
  await owner.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await owner.chooses('velvet tractor umbrella nine')
  await owner.opens(linkIn(await mailbox.next(customer.email), 'confirm'))
  await owner.presses('It was not me: freeze the account')
  await owner.sees('The account is frozen')
  await visitor.comesAsStaff(ADA)
  await visitor.page.getByText('All numbers').click()
  await looks('home-busy')
  await visitor.opens('/resets')
  await visitor.sees('Resets')
  await looks('resets')
  await visitor.opens('/prove?next=/audit')
  await visitor.sees('Confirm that it is you')
  await looks('prove')
  await visitor.opens('/audit')
  await visitor.sees('Audit log')
  await visitor.presses('Verify chain')
  await visitor.reads(/Every line is as it was written/)
  await looks('audit')
  await visitor.opens('/audit?actor=nobody+is+called+so&from=2026-01-01')
  await visitor.reads('No entry fits.')
  await looks('audit-nothing')
})

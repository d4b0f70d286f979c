// An organization's own settings.

import { expect, walk } from '../../world/look.ts'
import { someStaff } from '../../world/staff.ts'
import type { Visitor } from '../../world/visitor.ts'

const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: 'harbour lantern mosaic' }

async function proves(visitor: Visitor): Promise<void> {
  await visitor.fills({ 'Your own password': OLIVIA.password })
  await visitor.presses('Continue')
}

walk('policy', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/policy')
  await visitor.sees('Policy')
  await looks('policy')
  await visitor.opens('/organization/policy/link_minutes')
  await visitor.sees('A mailed link works for')
  await looks('policy-confirm')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Your own value': '7' })
  await visitor.presses('Save')
  await visitor.isToldAt('Your own value', 'Please enter a number from 10 to 1440.')
  await looks('policy-refused')
  await visitor.opens('/organization/policy/staff_factor_from')
  await visitor.reads('The loosest value for those below')
  await looks('policy-day')
})

walk('staff', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/staff')
  await visitor.sees('Staff')
  await looks('staff')
  await visitor.opens('/organization/staff/new')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.presses('Send the invitation')
  await visitor.isToldAt('Name', 'Please fill this in.')
  await looks('staff-invite')
  await visitor.opens('/organization/staff')
  await visitor.follows('Arun Velder')
  await visitor.sees('Arun Velder')
  await visitor.reads('Mail a link to a new password')
  await looks('staff-member')
})

walk('organizations', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organizations')
  await visitor.sees('Organizations')
  await looks('organizations')
  await visitor.opens('/organizations/new')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.presses('Add the organization')
  await visitor.isToldAt('Name', 'Please fill this in.')
  await looks('organizations-new')
  await visitor.opens('/organizations')
  await visitor.follows('Fjord IT')
  await visitor.sees('Fjord IT')
  await visitor.reads('Give it a sign-in page of its own')
  await looks('organizations-one')
})

walk('email', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/email')
  await visitor.sees('Email')
  await looks('email')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.page.getByRole('radio', { name: 'Your own mail server' }).check()
  await visitor.presses('Save')
  await visitor.isToldAt('Mail server', 'Please fill this in.')
  await looks('email-refused')
  await visitor.opens('/organization/email')
  await visitor.presses('Send test mail')
  await visitor.reads(`The mail server took the test mail for ${OLIVIA.email}.`)
  await looks('email-tested')
})

walk('a mail that was given up', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/staff/new')
  await proves(visitor)
  await visitor.fills({ Name: 'Bo Unce', 'Email address': `bounce-${process.pid}-${Date.now()}@northwind.example` })
  await visitor.presses('Send the invitation')
  await visitor.sees('Bo Unce')
  const dead = visitor.page.locator('[data-mail=dead]')
  await expect(async () => {
    await visitor.opens('/organization/mail?state=dead')
    await expect(dead.first()).toBeVisible({ timeout: 500 })
  }).toPass()
  await visitor.opens('/organization/mail')
  await visitor.sees('Mail log')
  await looks('mail-log')
  await dead.getByRole('link').first().click()
  await visitor.reads('Send again')
  await looks('mail-item')
})

walk('keys for programs', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/api')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.presses('Make key')
  await visitor.isToldAt('Name', 'Please fill this in.')
  await looks('api-keys-refused')
  await visitor.fills({ Name: 'Web shop' })
  await visitor.presses('Make key')
  await visitor.reads('This is the key.')
  await looks('api-key-made')
})

walk('webhooks', async ({ visitor, rekey, told, looks }) => {
  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner, '/organization/webhooks')
  await visitor.sees('Webhooks')
  await looks('webhooks-none')
  await visitor.fills({ 'Your own password': owner.password })
  await visitor.presses('Continue')
  await visitor.fills({ Address: told.address })
  await visitor.presses('Add webhook')
  await visitor.reads('This is the secret that messages are signed with.')
  await looks('webhook-added')
  await visitor.follows(told.address)
  await visitor.presses('Send a test message')
  await visitor.reads('The test message is sent.')
  await looks('webhook')
})

// An organization's own settings.

import { expect, walk } from '../../world/look.ts'
import { someStaff } from '../../world/staff.ts'
import type { Visitor } from '../../world/visitor.ts'

const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: 'harbour lantern mosaic' }

/** A ring and a bar on nothing: a logo as they are. */
const LOGO = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAPAAAABACAYAAAAkn/rnAAABLklEQVR42u3cwY3CUBBEQUfCmQCIgQOZE5XJAQmme1wl9ZnVNw+tEPZxAAAAAAAAwIz363Z+O6cHheEKGcqjFTMsi1fEUByukGFJvCKG8nhFDOXxihjK4xUxlMcrYiiPV8QgYBCviEG8IoaUgBNfDwT8g5AEDKXxJkd8fzxPs39sPOCEDxEB2yUDTgon6W/xxrL1Aaf9Oy9gE7CABWz7A078Uk3AJmABC9gELGAzAQvYBCxgAZuABWwmYAGbCVjAJmABC9j8EssvscwELGATsLuRBGzuB3Y/sDeWXSRgT+QwGwx4MiLPxIKQgD2VEhYE7LnQIGLxwuaIXS0QMIhYvCBi8cLmiF0VKI3Y1YDSiF0FKI3Y6UNhyE4bSiN2ylAWs9OEwpCdHgAAAAAAwIQP2i8IkQ2fu9wAAAAASUVORK5CYII=',
  'base64',
)

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

walk('new passwords for staff', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/staff/passwords')
  await visitor.sees('New passwords for all staff')
  await looks('staff-passwords-confirm')
  await proves(visitor)
  visitor.expectsRefusal(422)
  // Another walk may have switched on that a second person agrees.
  await visitor.page.getByRole('button', { name: /^(Stop the passwords|Ask a second person to agree)$/ }).click()
  await visitor.isToldAt('Reason', 'Please fill this in.')
  await looks('staff-passwords')
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

walk('host names', async ({ visitor, looks }) => {
  const robin = { name: 'Robin Keeler', email: 'operator@rekey.example', password: OLIVIA.password }
  await visitor.comesAsStaff(robin, '/organizations', '/s/operator')
  await visitor.follows('Contoso Cloud')
  await visitor.sees('Contoso Cloud')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Host names': 'https://login.contoso.example' })
  await visitor.presses('Save the names')
  await visitor.isToldAt('Host names', 'with nothing before or after them')
  await looks('organization-hosts')
})

walk('mail that does not arrive', async ({ visitor, looks }) => {
  const email = `bounce-${process.pid}-${Date.now()}@northwind.example`
  await visitor.comesAsStaff(OLIVIA, '/customers/new')
  await visitor.fills({ Name: 'Bo Unce', 'Email address': email })
  await visitor.presses('Create customer')
  await visitor.sees('Bo Unce')
  const place = visitor.page.url()
  await expect(async () => {
    await visitor.opens(place)
    await expect(visitor.page.getByText('could not be delivered')).toBeVisible({ timeout: 500 })
  }).toPass()
  await looks('customer-undelivered')
  await visitor.opens(`/customers/links?all=1&q=${encodeURIComponent(email)}`)
  await proves(visitor)
  await visitor.reads('Stop the passwords that are in use')
  await looks('many-links-owner')
})

walk('blocked words', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/policy')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.fills({ Words: 'abc' })
  await visitor.presses('Save')
  await visitor.isToldAt('Words', 'Each word needs 4 to 60 letters or digits.')
  await looks('policy-words-refused')
})

walk('the brand', async ({ visitor, looks }) => {
  await visitor.comesAsStaff(OLIVIA, '/organization/brand')
  await visitor.sees('Brand')
  await looks('brand')
  await proves(visitor)
  visitor.expectsRefusal(422)
  await visitor.fills({ Colour: '#ffd84d' })
  await visitor.presses('Save')
  await visitor.isToldAt('Colour', /could not be read on light pages/)
  await looks('brand-refused')
})

walk('the letters', async ({ visitor, looks }) => {
  // The frame of the preview runs nothing, not even what looks closely.
  visitor.expectsComplaint(/Blocked script execution in .*template-preview/)
  await visitor.comesAsStaff(OLIVIA, '/organization/templates')
  await visitor.sees('Templates')
  await looks('templates')
  await visitor.opens('/organization/templates/generated_password?language=en')
  await visitor.reads('Temporary password: generated')
  const letter = visitor.page.frameLocator('iframe[name=letter-preview]')
  await expect(letter.getByRole('heading', { level: 1 })).toBeVisible()
  await looks('template-unproven')
  await proves(visitor)
  await visitor.reads('What can stand in it')
  await expect(letter.getByRole('heading', { level: 1 })).toBeVisible()
  await looks('template')
  visitor.expectsRefusal(422)
  await visitor.fills({ Text: 'Hello {{ name }}' })
  await visitor.presses('Save')
  await visitor.isToldAt('Text', 'is missing')
  await looks('template-refused')
})

walk('signed mail', async ({ visitor, looks }) => {
  const freya = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: OLIVIA.password }
  await visitor.comesAsStaff(freya, '/organization/email')
  await proves(visitor)
  await visitor.page.getByRole('radio', { name: 'Your own mail server' }).check()
  await visitor.fills({ 'Mail server': 'mail.fjord.example', 'Sender’s address': 'desk@fjord.example' })
  await visitor.presses('Save')
  await visitor.reads('The email settings are saved.')
  await visitor.presses('Make a key')
  await visitor.reads('Publish this record in the DNS of your domain.')
  await visitor.opens('/organization/email')
  await visitor.reads('Publish this record in the DNS of your domain.')
  await looks('email-signed')
})

walk('a logo', async ({ visitor, looks }) => {
  const carla = { name: 'Carla Montez', email: 'carla@contoso.example', password: OLIVIA.password }
  await visitor.comesAsStaff(carla, '/organization/brand', '/s/contoso')
  await proves(visitor)
  await visitor.reads('Logo and icon')
  const form = visitor.page.locator('form').filter({ has: visitor.field('Logo') })
  await visitor.field('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: LOGO })
  await form.getByRole('button', { name: 'Send the file' }).click()
  await expect(visitor.page.getByRole('button', { name: 'Remove the logo' })).toBeVisible()
  await visitor.sees('Brand')
  await looks('brand-logo')
  await visitor.opens('/s/contoso/login')
  await looks('brand-logo-login')
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

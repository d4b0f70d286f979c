// Every page as it looks, light and dark, wide and narrow: nothing that a person with a screen
// reader, with weak eyes or with a small phone would stumble over. The pictures are in shots/.

import { join } from 'node:path'

import { AxeBuilder } from '@axe-core/playwright'

import type { Comet } from '../world/comet.ts'
import {
  TYPED,
  asksSystem,
  comesToCustomer as comesToTheirPage,
  comesToNewConnector,
  comesToWhere,
  links,
  setsUpComet,
  typesAlso,
} from '../world/connectors.ts'
import {
  asksForAddress,
  asksForSecond,
  comesToCustomersAddress,
  comesToOwnAddress,
  verifiesForAddress,
} from '../world/email-change.ts'
import { agentWithPhone, asksForRemoval, comesToCustomer, verifiesCaller } from '../world/lost-factor.ts'
import { type Mailbox, linkIn } from '../world/mail.ts'
import { type Person, someConsentingCustomer, someCustomer } from '../world/people.ts'
import type { Receiver } from '../world/receiver.ts'
import type { Server } from '../world/servers.ts'
import { beginsTwoFactor, generatesSecret, provesApp, turnsTwoFactorOn } from '../world/phone.ts'
import { someStaff } from '../world/staff.ts'
import { type Page, expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const SHOTS = join(import.meta.dirname, '../shots')
const WIDTHS = [1280, 390]
const NARROWEST = 320
/** What axe knows about colours. */
const COLOURS = ['color-contrast', 'link-in-text-block']
/** Below this, nobody sees a page jump; a hundred times as much is still called good (web.dev/cls). */
const STEADY = 0.001

type Violation = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'][number]

interface Scene {
  visitor: Visitor
  customer: Person
  /** The same, and one who lets staff set the password. */
  consenting: Person
  mailbox: Mailbox
  rekey: Server
  anotherVisitor: () => Promise<Visitor>
  comet: Comet
  /** A system that is told of what happens. */
  told: Receiver
}

/** Every page in every state, and how one comes there. */
const SCENES: Record<string, (scene: Scene) => Promise<void>> = {
  'login': async ({ visitor }) => {
    await visitor.opens('/login')
    await visitor.sees('Sign in')
  },
  'login-refused': async ({ visitor }) => {
    visitor.expectsRefusal(422)
    await visitor.triesToSignIn({ email: 'nobody@nowhere.example', password: 'not the password at all' })
    await visitor.isNotLetIn()
  },
  'login-contoso': async ({ visitor }) => {
    await visitor.opens('/s/contoso/login')
    await visitor.sees('Sign in')
  },
  'login-german': async ({ visitor }) => {
    await visitor.opens('/login')
    await visitor.presses('Deutsch')
    await visitor.sees('Anmelden')
  },
  'forgot': async ({ visitor }) => {
    await visitor.opens('/forgot')
    await visitor.sees('Forgot your password?')
  },
  'forgot-refused': async ({ visitor }) => {
    visitor.expectsRefusal(422)
    await visitor.opens('/forgot')
    await visitor.presses('Mail me a link')
    await visitor.isToldAt('User name or email', 'Please fill this in.')
  },
  'forgot-sent': async ({ visitor }) => visitor.forgets('nobody@nowhere.example'),
  'reset': openReset,
  'reset-typed': async (scene) => {
    await openReset(scene)
    await scene.visitor.fills({ 'New password': 'velvet tractor umbrella nine', 'Retype new password': 'velvet' })
    if (scene.visitor.isLive) await scene.visitor.reads('Very strong.')
  },
  'reset-refused': async (scene) => {
    await openReset(scene)
    scene.visitor.expectsRefusal(422)
    await scene.visitor.fills({ 'New password': 'too short', 'Retype new password': 'too shirt' })
    await scene.visitor.presses('Set new password')
    await scene.visitor.isToldAt('New password', 'Please use at least 15 characters')
  },
  'reset-suggested': async (scene) => {
    await openReset(scene)
    await scene.visitor.presses('Suggest one for me')
    await scene.visitor.reads('We have filled this in for you.')
  },
  'reset-done': async (scene) => {
    await openReset(scene)
    await scene.visitor.chooses('velvet tractor umbrella nine')
  },
  'reset-unusable': async ({ visitor }) => {
    visitor.expectsRefusal(410)
    await visitor.opens('/reset/01900000-0000-7000-8000-000000000000')
    await visitor.sees('This link cannot be used')
  },
  'keep': openKeep,
  'keep-done': async (scene) => {
    await openKeep(scene)
    await scene.visitor.presses('Keep my second factor')
    await scene.visitor.sees('Your second factor stays')
  },
  'keep-unusable': async ({ visitor }) => {
    visitor.expectsRefusal(410)
    await visitor.opens('/keep/01900000-0000-7000-8000-000000000000')
    await visitor.sees('This link cannot be used')
  },
  'lost-factor-caller': async ({ visitor, rekey, customer, anotherVisitor }) => {
    await turnsTwoFactorOn(await anotherVisitor(), customer)
    await comesToCustomer(visitor, rekey, customer)
    await visitor.reloads()
  },
  'lost-factor-check': async ({ visitor, rekey, customer, anotherVisitor, mailbox }) => {
    await turnsTwoFactorOn(await anotherVisitor(), customer)
    await comesToCustomer(visitor, rekey, customer)
    await verifiesCaller(visitor, mailbox, customer.email)
    visitor.expectsRefusal(422)
    await visitor.presses('Remove the factor')
    await visitor.isToldAt('Reason', 'Please fill this in.')
  },
  'lost-factor-waits': async ({ visitor, rekey, anotherVisitor, mailbox }) => {
    const { agent } = await agentWithPhone(await anotherVisitor(), rekey)
    await asksForRemoval(visitor, rekey, mailbox, agent)
  },
  'lost-factor-none': async ({ visitor, rekey, customer }) => {
    const admin = someStaff(rekey, 'admin')
    await visitor.comesAsStaff(admin)
    await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
    await visitor.follows(customer.name)
    await visitor.sees(customer.name)
    await visitor.opens(`${new URL(visitor.page.url()).pathname}/factor`)
    await visitor.reads('There is no second factor to remove')
  },
  'lost-factor-told': async ({ visitor, rekey, anotherVisitor, mailbox }) => {
    const { agent } = await agentWithPhone(visitor, rekey)
    await asksForRemoval(await anotherVisitor(), rekey, mailbox, agent)
    await visitor.opens('/account')
    await visitor.reads('Your second factor is about to be removed.')
  },
  'own-email': async ({ visitor, customer }) => {
    await comesToOwnAddress(visitor, customer)
    visitor.expectsRefusal(422)
    await visitor.presses('Ask for the new address')
    await visitor.isToldAt('New email address', 'Please fill this in.')
  },
  'own-email-prove': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.opens('/account/email')
    await visitor.reads('Your own password')
  },
  'own-email-waits': async ({ visitor, customer }) => {
    await asksForAddress(visitor, customer)
  },
  'own-email-told': async ({ visitor, customer }) => {
    await asksForAddress(visitor, customer)
    await visitor.opens('/account')
    await visitor.reads('The email address of this account is to become')
  },
  'keep-address': openKeepAddress,
  'keep-address-done': async (scene) => {
    await openKeepAddress(scene)
    await scene.visitor.presses('Keep my email address')
    await scene.visitor.sees('Your email address stays')
  },
  'new-address': openNewAddress,
  'new-address-done': async (scene) => {
    await openNewAddress(scene)
    await scene.visitor.presses('Confirm this address')
    await scene.visitor.sees('The address is confirmed')
  },
  'new-address-unusable': async ({ visitor }) => {
    visitor.expectsRefusal(410)
    await visitor.opens('/new-address/01900000-0000-7000-8000-000000000000')
    await visitor.sees('This link cannot be used')
  },
  'new-email-caller': async ({ visitor, rekey, customer }) => {
    await comesToCustomersAddress(visitor, rekey, customer)
    await visitor.reloads()
  },
  'new-email-check': async ({ visitor, rekey, customer, mailbox }) => {
    await comesToCustomersAddress(visitor, rekey, customer)
    await verifiesForAddress(visitor, mailbox, customer)
    visitor.expectsRefusal(422)
    await visitor.presses('Ask for the new address')
    await visitor.isToldAt('Reason', 'Please fill this in.')
  },
  'new-email-second': async ({ visitor, rekey, customer }) => {
    await asksForSecond(visitor, rekey, customer)
  },
  'new-email-agree': async (scene) => {
    const owner = await comesToAgree(scene)
    await scene.visitor.fills({ 'Your own password': owner.password })
    await scene.visitor.presses('Continue')
    await scene.visitor.reads('You are the second person:')
  },
  'home-agree': async (scene) => {
    await comesToAgree(scene)
    await scene.visitor.opens('/')
    await scene.visitor.reads('New email addresses that a second person has to agree to')
  },
  'confirm': openDispute,
  'confirm-done': async (scene) => {
    await openDispute(scene)
    await scene.visitor.presses('It was not me: freeze the account')
    await scene.visitor.sees('The account is frozen')
  },
  'confirm-unusable': async ({ visitor }) => {
    visitor.expectsRefusal(410)
    await visitor.opens('/confirm/01900000-0000-7000-8000-000000000000')
    await visitor.sees('This link cannot be used')
  },
  'home': async ({ visitor }) => {
    await visitor.triesToSignIn({ email: 'olivia@northwind.example', password: 'harbour lantern mosaic' })
    await visitor.sees('Welcome, Olivia Berg')
    await visitor.opens('/')
  },
  'customers': async ({ visitor }) => {
    await visitor.comesAsStaff(ARUN)
    await visitor.opens('/customers')
    await visitor.sees('Customers')
  },
  'customers-scopes': async ({ visitor }) => {
    await visitor.comesAsStaff(ARUN)
    await visitor.opens('/customers?state=locked&order=last_sign_in&desc=1')
    await visitor.sees('Customers')
    await visitor.page.getByText('Scope', { exact: true }).click()
    await visitor.reads('Fjord IT')
  },
  'customers-nobody': async ({ visitor }) => {
    await visitor.comesAsStaff(ARUN)
    await visitor.opens('/customers?q=nobody%20is%20called%20so')
    await visitor.reads('Nobody fits.')
  },
  'customer': async ({ visitor }) => {
    await visitor.comesAsStaff(ARUN)
    await visitor.opens('/customers?q=casey')
    await visitor.follows('Casey Thornton')
    await visitor.sees('Casey Thornton')
    await visitor.reloads()
  },
  'customer-locked': async ({ visitor }) => {
    await visitor.comesAsStaff(ARUN)
    await visitor.opens('/customers?q=lou%40lakeside')
    await visitor.follows('Lou Marchetti')
    await visitor.sees('Lou Marchetti')
    await visitor.reloads()
  },
  'customer-new': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers/new')
    await visitor.sees('New customer')
  },
  'customer-new-refused': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers/new')
    visitor.expectsRefusal(422)
    await visitor.fills({ 'Email address': 'casey@acme.example' })
    await visitor.presses('Create customer')
    await visitor.isToldAt('Name', 'Please fill this in.')
  },
  'customer-account': async (scene) => openCustomer(scene, '/account'),
  'customer-edit': async (scene) => openCustomer(scene, '/account?edit=1'),
  'customer-services': async (scene) => openCustomer(scene, '/services'),
  'customer-activity': async (scene) => openCustomer(scene, '/activity'),
  'customer-delete-prove': async (scene) => openCustomer(scene, '/delete', 'Delete customer'),
  'customer-delete': async (scene) => {
    await openCustomer(scene, '/delete', 'Delete customer')
    await scene.visitor.fills({ 'Your own password': OLIVIA.password })
    await scene.visitor.presses('Continue')
    await scene.visitor.reads('This is what happens:')
  },
  'import': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers/import')
    await visitor.sees('Import customers')
  },
  'import-columns': openImport,
  'import-checked': async (scene) => {
    await openImport(scene)
    await scene.visitor.presses('Check every row')
    const told = scene.visitor.page.getByText('This is what would happen:')
    for (let look = 0; look < 50 && !(await told.isVisible()); look++) {
      if (scene.visitor.isLive) await told.waitFor({ timeout: 1_000 }).catch(() => undefined)
      else await scene.visitor.reloads()
    }
    await scene.visitor.reads('Left out, and why')
  },
  'export': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers/export')
    await visitor.fills({ 'Your own password': OLIVIA.password })
    await visitor.presses('Continue')
    await visitor.reads(/Customers in the file/)
  },
  'links-many': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers/links?all=1&q=casey@acme')
    await visitor.fills({ 'Your own password': OLIVIA.password })
    await visitor.presses('Continue')
    await visitor.reads('How many are they?')
  },
  'customers-picked': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/customers')
    await visitor.page.getByRole('checkbox').first().check()
  },
  'desk-prove': openDesk,
  'desk-refused': async (scene) => {
    await openDesk(scene)
    scene.visitor.expectsRefusal(422)
    await scene.visitor.fills({ 'Your own password': 'not the password at all' })
    await scene.visitor.presses('Continue')
    await scene.visitor.isToldAt('Your own password', 'This is not your current password.')
  },
  'desk-how': async (scene) => {
    await openDesk(scene)
    await proves(scene.visitor)
  },
  'desk-check': async (scene) => {
    await openDesk(scene)
    await proves(scene.visitor)
    await scene.visitor.presses('Continue')
    await scene.visitor.reads('A link to choose a new password is mailed to')
  },
  'desk-done': async (scene) => {
    await openDesk(scene)
    await proves(scene.visitor)
    await scene.visitor.presses('Continue')
    await scene.visitor.fills({ Reason: 'Called, knows the last invoice' })
    await scene.visitor.presses('Send reset email to customer')
    await scene.visitor.reads(/A link is on its way to/)
  },
  'desk-typed-refused': async (scene) => {
    await openTyped(scene)
    scene.visitor.expectsRefusal(422)
    await scene.visitor.fills({ 'New password': 'too short', 'Retype new password': 'too shirt' })
    await scene.visitor.presses('Set password')
    await scene.visitor.isToldAt('Reason', 'Please fill this in.')
  },
  'desk-updated': setsTyped,
  'forced-change': async (scene) => {
    await setsTyped(scene)
    await scene.visitor.presses('Sign out')
    await scene.visitor.sees('Sign in')
    await scene.visitor.triesToSignIn({ email: scene.consenting.email, password: 'granite walnut ferry nine' })
    await scene.visitor.sees('Choose your own password')
    await scene.visitor.reloads()
  },
  'profile': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.opens('/account')
    await visitor.sees('Profile')
  },
  'profile-refused': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    visitor.expectsRefusal(422)
    await visitor.fills({ Name: '', 'User name': 'casey' })
    await visitor.presses('Save changes')
    await visitor.isToldAt('Name', 'Please fill this in.')
  },
  'profile-saved': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.presses('Save changes')
    await visitor.reads('Your profile is saved.')
  },
  'security': async ({ visitor, customer }) => {
    // Signed in twice before, in browsers that are gone.
    for (let before = 0; before < 2; before++) {
      await visitor.signsIn(customer)
      await visitor.page.context().clearCookies()
    }
    await visitor.signsIn(customer)
    await visitor.opens('/account/security')
    await visitor.sees('Security')
  },
  'security-refused': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.follows('Security')
    await visitor.sees('Security')
    visitor.expectsRefusal(422)
    await visitor.fills({ 'Current password': customer.password, 'New password': 'too short', 'Retype new password': 'too shirt' })
    await visitor.presses('Change password')
    await visitor.isToldAt('New password', 'Please use at least 15 characters')
  },
  'two-factor-proof': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.opens('/account/security/two-factor')
    await visitor.reads('Changing how you sign in takes your own password first.')
  },
  'two-factor-start': async ({ visitor, customer }) => {
    await beginsTwoFactor(visitor, customer)
    visitor.expectsRefusal(422)
    await visitor.presses('Generate shared secret')
    await visitor.reads('Please fill this in.')
  },
  'two-factor-app': async ({ visitor, customer }) => {
    await beginsTwoFactor(visitor, customer)
    await generatesSecret(visitor)
    visitor.expectsRefusal(422)
    await visitor.fills({ 'Code that the app shows': 'abc' })
    await visitor.presses('Connect')
    await visitor.isToldAt('Code that the app shows', 'This is not the code of the new entry.')
  },
  'two-factor-codes': async ({ visitor, customer }) => {
    await beginsTwoFactor(visitor, customer)
    await provesApp(visitor, await generatesSecret(visitor))
  },
  'two-factor-on': async ({ visitor, customer }) => {
    await turnsTwoFactorOn(visitor, customer)
    await visitor.follows('Manage')
    await visitor.sees('Two-factor authentication')
    await visitor.reads('Turn two-factor authentication off')
  },
  'security-two-factor': async ({ visitor, customer }) => {
    await turnsTwoFactorOn(visitor, customer)
  },
  'login-factor': async ({ visitor, customer, anotherVisitor }) => {
    await turnsTwoFactorOn(await anotherVisitor(), customer)
    await visitor.triesToSignIn(customer)
    await visitor.sees('Confirm that it is you')
    visitor.expectsRefusal(422)
    await visitor.fills({ Code: '12' })
    await visitor.presses('Confirm')
    await visitor.isToldAt('Code', 'This code was not accepted.')
  },
  'security-changed': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.follows('Security')
    await visitor.sees('Security')
    const next = 'velvet tractor umbrella nine'
    await visitor.fills({ 'Current password': customer.password, 'New password': next, 'Retype new password': next })
    await visitor.presses('Change password')
    await visitor.reads('Your password is changed')
  },
  'consent': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.opens('/account/consent')
    await visitor.sees('Consent')
  },
  'consent-refused': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.follows('Consent')
    await visitor.sees('Consent')
    visitor.expectsRefusal(422)
    await visitor.page.getByRole('radio', { name: 'Allow until a day' }).check()
    await visitor.presses('Save')
    await visitor.isToldAt('Last day', 'Please fill this in.')
  },
  'policy': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/policy')
    await visitor.sees('Policy')
  },
  'policy-confirm': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/policy/link_minutes')
    await visitor.sees('A mailed link works for')
  },
  'policy-refused': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/policy/link_minutes')
    await confirms(visitor)
    visitor.expectsRefusal(422)
    await visitor.fills({ 'Your own value': '7' })
    await visitor.presses('Save')
    await visitor.isToldAt('Your own value', 'Please enter a number from 10 to 1440.')
  },
  'staff': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/staff')
    await visitor.sees('Staff')
  },
  'staff-invite': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/staff/new')
    await confirms(visitor)
    visitor.expectsRefusal(422)
    await visitor.presses('Send the invitation')
    await visitor.isToldAt('Name', 'Please fill this in.')
  },
  'staff-member': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/staff')
    await visitor.follows('Arun Velder')
    await visitor.sees('Arun Velder')
    await confirms(visitor)
    await visitor.reads('Mail a link to a new password')
  },
  'organizations': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organizations')
    await visitor.sees('Organizations')
  },
  'organizations-new': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organizations/new')
    await confirms(visitor)
    visitor.expectsRefusal(422)
    await visitor.presses('Add the organization')
    await visitor.isToldAt('Name', 'Please fill this in.')
  },
  'organizations-one': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organizations')
    await visitor.follows('Fjord IT')
    await visitor.sees('Fjord IT')
    await confirms(visitor)
    await visitor.reads('Give it a sign-in page of its own')
  },
  'connectors-none': async ({ visitor }) => {
    await visitor.comesAsStaff(FREYA)
    await visitor.opens('/organization/connectors')
    await visitor.reads('No system is connected yet.')
  },
  'connector-kinds': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/connectors/new')
    await visitor.reads('Which system is it?')
  },
  'connector-refused': async ({ visitor, rekey }) => {
    await comesToNewConnector(visitor, rekey)
    visitor.expectsRefusal(422)
    await visitor.presses('Test and add')
    await visitor.isToldAt('Address', 'Please fill this in.')
  },
  'connector-added': async ({ visitor, rekey, comet }) => {
    await setsUpComet(visitor, rekey, comet)
  },
  'connectors': async ({ visitor, rekey, comet }) => {
    await setsUpComet(visitor, rekey, comet)
    await visitor.opens('/organization/connectors')
    await visitor.sees('Connectors')
  },
  'connector-import': async ({ visitor, rekey, comet, customer }) => {
    await comet.adds('theirs', { email: customer.email })
    await setsUpComet(visitor, rekey, comet)
    await visitor.follows('Import accounts')
    await visitor.sees('Import accounts')
  },
  'customer-services-linked': async ({ visitor, rekey, comet, customer }) => {
    const name = await setsUpComet(visitor, rekey, comet)
    await links(visitor, customer, name, 'acme01')
    await asksSystem(visitor)
  },
  'customer-with-service': async ({ visitor, rekey, comet, customer }) => {
    const name = await setsUpComet(visitor, rekey, comet)
    await links(visitor, customer, name, 'acme01')
    await visitor.follows('Overview')
    await asksSystem(visitor)
  },
  'customers-of-system': async ({ visitor, rekey, comet, customer }) => {
    const name = await setsUpComet(visitor, rekey, comet)
    await links(visitor, customer, name, 'acme01')
    await visitor.opens('/customers')
    await visitor.follows(`${name} customers`)
    await visitor.reads('acme01')
  },
  'desk-where': async ({ visitor, rekey, comet, consenting }) => {
    const name = await setsUpComet(visitor, rekey, comet)
    await links(visitor, consenting, name, 'acme01')
    await comesToWhere(visitor, consenting)
    await expect(visitor.field('Where does it apply?').locator('option', { hasText: name })).toBeEnabled()
  },
  'desk-where-not': async ({ visitor, rekey, comet, consenting }) => {
    const name = await setsUpComet(visitor, rekey, comet)
    await links(visitor, consenting, name, 'acme01')
    await comet.changes('acme01', { consent: false })
    await comesToWhere(visitor, consenting)
    await visitor.reads('The customer has not allowed resets there.')
  },
  'reset-attention': async (scene) => {
    await leavesPlace(scene)
    await scene.visitor.follows('See what can be done')
    await scene.visitor.reads('It is tried again by itself for a quarter of an hour.')
  },
  'resets-attention': async (scene) => {
    await leavesPlace(scene)
    await scene.visitor.opens('/resets?state=needs_attention')
    await scene.visitor.reads('may or may not have it')
  },
  'customer-differs': async (scene) => {
    await leavesPlace(scene)
    await comesToTheirPage(scene.visitor, scene.consenting)
    await scene.visitor.reads('The password there is another one than here')
  },
  'own-differs': async (scene) => {
    const { visitor, consenting } = scene
    await leavesPlace({ ...scene, visitor: await scene.anotherVisitor(), consenting })
    await visitor.triesToSignIn({ email: consenting.email, password: TYPED })
    await visitor.sees('Choose your own password')
    await visitor.fills({ 'New password': 'velvet tractor umbrella nine', 'Retype new password': 'velvet tractor umbrella nine' })
    await visitor.presses('Save and go on')
    await visitor.reads('Your password here is another one than in these systems, or may be')
  },
  'webhooks-none': async ({ visitor, rekey }) => {
    await visitor.comesAsStaff(someStaff(rekey, 'owner'))
    await visitor.opens('/organization/webhooks')
    await visitor.sees('Webhooks')
  },
  'webhook-added': async (scene) => {
    await addsWebhook(scene)
  },
  'webhook': async (scene) => {
    await scene.visitor.follows(await addsWebhook(scene))
    await scene.visitor.presses('Send a test message')
    await scene.visitor.reads('The test message is sent.')
  },
  'email': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/email')
    await visitor.sees('Email')
  },
  'email-refused': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/email')
    await confirms(visitor)
    visitor.expectsRefusal(422)
    await visitor.page.getByRole('radio', { name: 'Your own mail server' }).check()
    await visitor.presses('Save')
    await visitor.isToldAt('Mail server', 'Please fill this in.')
  },
  'email-tested': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/email')
    await confirms(visitor)
    await visitor.presses('Send test mail')
    await visitor.reads(`The mail server took the test mail for ${OLIVIA.email}.`)
  },
  'api-keys-refused': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/api')
    await confirms(visitor)
    visitor.expectsRefusal(422)
    await visitor.presses('Make key')
    await visitor.isToldAt('Name', 'Please fill this in.')
  },
  'api-key-made': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/api')
    await confirms(visitor)
    await visitor.fills({ Name: 'Web shop' })
    await visitor.presses('Make key')
    await visitor.reads('This is the key.')
  },
  'developers': async ({ visitor }) => {
    await visitor.page.goto('/developers')
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('API reference')
  },
  'mail-log': async (scene) => {
    await bounces(scene)
    await scene.visitor.opens('/organization/mail')
    await scene.visitor.sees('Mail log')
  },
  'mail-item': async (scene) => {
    await bounces(scene)
    await scene.visitor.page.locator('[data-mail=dead]').getByRole('link').first().click()
    await scene.visitor.reads('Send again')
  },
  'activity': async (scene) => {
    const { visitor, customer } = scene
    await openReset(scene)
    await visitor.chooses('velvet tractor umbrella nine')
    visitor.expectsRefusal(422)
    await visitor.triesToSignIn(customer)
    await visitor.isNotLetIn()
    await visitor.signsIn({ email: customer.email, password: 'velvet tractor umbrella nine' })
    await visitor.opens('/account/activity')
    await visitor.sees('Activity')
  },
  'home-busy': async (scene) => {
    const { visitor, customer } = scene
    await openReset(scene)
    await visitor.chooses('velvet tractor umbrella nine')
    await visitor.opens(linkIn(await scene.mailbox.next(customer.email), 'confirm'))
    await visitor.presses('It was not me: freeze the account')
    await visitor.sees('The account is frozen')
    await visitor.comesAsStaff(ADA)
    await visitor.opens('/')
    await visitor.page.getByText('All numbers').click()
  },
  'resets': async (scene) => {
    const { visitor } = scene
    await openReset(scene)
    await visitor.comesAsStaff(ADA)
    await visitor.opens('/resets')
    await visitor.sees('Resets')
  },
  'audit': async ({ visitor }) => {
    await visitor.comesAsStaff(ADA)
    await visitor.opens('/audit')
    await visitor.sees('Audit log')
    await visitor.presses('Verify chain')
    await visitor.reads(/Every line is as it was written/)
  },
  'audit-nothing': async ({ visitor }) => {
    await visitor.comesAsStaff(ADA)
    await visitor.opens('/audit?actor=nobody+is+called+so&from=2026-01-01')
    await visitor.reads('No entry fits.')
  },
  'audit-entry': async (scene) => {
    const { visitor } = scene
    // The same person, whom the desk has found.
    const customer = scene.consenting
    await openDesk(scene)
    await proves(visitor)
    await visitor.presses('Continue')
    await visitor.fills({ Reason: 'Called, knows the last invoice' })
    await visitor.presses('Send reset email to customer')
    await visitor.reads(/A link is on its way to/)
    await visitor.presses('Sign out')
    await visitor.comesAsStaff(ADA)
    await visitor.opens(`/audit?customer=${encodeURIComponent(customer.email)}`)
    await visitor.follows(`Arun Velder mailed ${customer.name} a link to a new password`)
    await visitor.sees('Audit entry')
    await visitor.reloads()
  },
  'passkeys': async ({ visitor, customer }) => {
    await visitor.signsIn(customer)
    await visitor.opens('/account/security/passkeys')
    await visitor.reads('Browsers keep no passkeys for bare addresses')
  },
  'policy-day': async ({ visitor }) => {
    await visitor.comesAsStaff(OLIVIA)
    await visitor.opens('/organization/policy/staff_factor_from')
    await confirms(visitor)
    await visitor.reads('The loosest value for those below')
  },
  'prove': async ({ visitor }) => {
    await visitor.comesAsStaff(ADA)
    await visitor.opens('/prove?next=/audit')
    await visitor.sees('Confirm that it is you')
  },
  'not-found': async ({ visitor }) => {
    visitor.expectsRefusal(404)
    await visitor.opens('/nothing/here')
    await visitor.sees('There is nothing here')
  },
}

/** Staff type a password for a customer, and it is not known whether a system has it. */
async function leavesPlace({ visitor, rekey, comet, consenting }: Scene): Promise<void> {
  const name = await setsUpComet(visitor, rekey, comet)
  await links(visitor, consenting, name, 'acme01')
  await comet.fails('admin/reset-user-password', '500', 50)
  await typesAlso(visitor, consenting, name)
  await visitor.reads('A system does not have it, or may not have it.')
}

/** A new owner of Northwind adds a webhook, whose address is returned. */
async function addsWebhook({ visitor, rekey, told }: Scene): Promise<string> {
  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner)
  await visitor.opens('/organization/webhooks')
  await visitor.fills({ 'Your own password': owner.password })
  await visitor.presses('Continue')
  await visitor.fills({ Address: told.address })
  await visitor.presses('Add webhook')
  await visitor.reads('This is the secret that messages are signed with.')
  return told.address
}

async function openReset({ visitor, customer, mailbox }: Scene): Promise<void> {
  await visitor.forgets(customer.email)
  await visitor.opens(linkIn(await mailbox.next(customer.email), 'reset'))
  await visitor.sees('Choose a new password')
}

const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: 'harbour lantern mosaic' }
const OLIVIA = { name: 'Olivia Berg', email: 'olivia@northwind.example', password: 'harbour lantern mosaic' }
const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }

/** A mail that cannot be delivered, and is given up. */
async function bounces({ visitor }: Scene): Promise<void> {
  await visitor.comesAsStaff(OLIVIA)
  await visitor.opens('/organization/staff/new')
  await confirms(visitor)
  await visitor.fills({ Name: 'Bo Unce', 'Email address': `bounce-${process.pid}-${Date.now()}@northwind.example` })
  await visitor.presses('Send the invitation')
  await visitor.sees('Bo Unce')
  await expect(async () => {
    await visitor.opens('/organization/mail?state=dead')
    await expect(visitor.page.locator('[data-mail=dead]').first()).toBeVisible({ timeout: 500 })
  }).toPass()
}

async function confirms(visitor: Visitor): Promise<void> {
  await visitor.fills({ 'Your own password': OLIVIA.password })
  await visitor.presses('Continue')
}

async function openImport({ visitor, rekey }: Scene): Promise<void> {
  await visitor.comesAsStaff(someStaff(rekey, 'admin'))
  await visitor.opens('/customers/import')
  const text = 'Reference,Name,E-mail,Company\nL-1,Lena Looks,lena@looks.example,Looks\nL-2,,nowhere,\nL-3,Casey,casey@acme.example,\n'
  const file = { name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
  await visitor.page.getByLabel('File', { exact: true }).setInputFiles(file)
  await visitor.presses('Send the file')
  await visitor.reads('What do the columns of your file mean?')
}

async function openCustomer({ visitor }: Scene, page: string, title = 'Casey Thornton'): Promise<void> {
  await visitor.comesAsStaff(OLIVIA)
  await visitor.opens('/customers?q=casey')
  await visitor.follows('Casey Thornton')
  await visitor.sees('Casey Thornton')
  await visitor.opens(new URL(visitor.page.url()).pathname + page)
  await visitor.sees(title)
}

const ARUN = { name: 'Arun Velder', email: 'arun@northwind.example', password: 'harbour lantern mosaic' }

async function openDesk({ visitor, consenting }: Scene): Promise<void> {
  await visitor.comesAsStaff(ARUN)
  await visitor.opens(`/customers?q=${encodeURIComponent(consenting.email)}`)
  await visitor.follows(`Manage ${consenting.name}`)
  await visitor.sees('Reset password')
  await visitor.reloads()
}

async function proves(visitor: Visitor): Promise<void> {
  await visitor.fills({ 'Your own password': ARUN.password })
  await visitor.presses('Continue')
  await visitor.sees('Set customer password')
}

async function openTyped(scene: Scene): Promise<void> {
  await openDesk(scene)
  await proves(scene.visitor)
  await scene.visitor.page.getByRole('radio', { name: 'Type new password' }).check()
  await scene.visitor.presses('Continue')
  await scene.visitor.reads(/Signing in with it leads straight to choosing another one/)
}

async function setsTyped(scene: Scene): Promise<void> {
  await openTyped(scene)
  const typed = 'granite walnut ferry nine'
  await scene.visitor.fills({ 'New password': typed, 'Retype new password': typed, Reason: 'Called, knows the last invoice' })
  await scene.visitor.presses('Set password')
  await scene.visitor.reads('Password updated')
}

async function openKeep({ visitor, rekey, anotherVisitor, mailbox }: Scene): Promise<void> {
  const { agent } = await agentWithPhone(await anotherVisitor(), rekey)
  await asksForRemoval(await anotherVisitor(), rekey, mailbox, agent)
  await visitor.opens(linkIn(await mailbox.mentioning(agent.email, '/keep/'), 'keep'))
  await visitor.sees('Keep your second factor?')
}

async function openKeepAddress({ visitor, customer, anotherVisitor, mailbox }: Scene): Promise<void> {
  await asksForAddress(await anotherVisitor(), customer)
  await visitor.opens(linkIn(await mailbox.mentioning(customer.email, '/keep-address/'), 'keep-address'))
  await visitor.sees('Keep your email address?')
}

async function openNewAddress({ visitor, customer, anotherVisitor, mailbox }: Scene): Promise<void> {
  const address = await asksForAddress(await anotherVisitor(), customer)
  await visitor.opens(linkIn(await mailbox.next(address), 'new-address'))
  await visitor.sees('Confirm this email address?')
}

/** An owner comes to a customer whose new address an admin asked for. */
async function comesToAgree({ visitor, rekey, customer, anotherVisitor }: Scene): Promise<Person> {
  await asksForSecond(await anotherVisitor(), rekey, customer)
  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner)
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
  await visitor.follows('See how it stands')
  await visitor.sees('Change email address')
  return owner
}

async function openDispute(scene: Scene): Promise<void> {
  await openReset(scene)
  await scene.visitor.chooses('velvet tractor umbrella nine')
  await scene.visitor.opens(linkIn(await scene.mailbox.next(scene.customer.email), 'confirm'))
  await scene.visitor.sees('Was this not you?')
}

test.use({ contextOptions: { reducedMotion: 'reduce' }, viewport: { width: WIDTHS[0]!, height: 800 } })

for (const [name, come] of Object.entries(SCENES)) {
  test(`${name}: easy to read and to use, light and dark, wide and narrow`, async ({ visitor, anotherVisitor, mailbox, server, scripts, rekey, comet, told }) => {
    const { page } = visitor
    await watchShifts(page)
    // Most pages are about nobody in particular, and nobody is to be spent on them.
    let person: Person | undefined
    const scene = {
      visitor,
      mailbox,
      rekey,
      anotherVisitor,
      comet,
      told,
      get customer() { return (person ??= someCustomer(server)) },
      get consenting() { return (person ??= someConsentingCustomer(server)) },
    }
    await come(scene)
    if (visitor.isLive) {
      const { sum, what } = await shifts(page)
      expect(sum, `nothing jumps when our code takes the page over: ${what.join('; ')}`).toBeLessThan(STEADY)
    }
    expect(await moving(page), 'nothing moves for those who asked for calm').toEqual([])
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const width of WIDTHS) {
        const whole = (colorScheme === 'light') === (width === WIDTHS[0])
        // Without our scripts the same page came over the wire: what is told of its colours holds for it.
        if (scripts !== 'run' && !(whole && colorScheme === 'light')) continue
        await page.setViewportSize({ width, height: width > 600 ? 800 : 844 })
        const file = `${name}${scripts === 'run' ? '' : '-plain'}-${colorScheme}-${width}.png`
        await page.screenshot({ path: join(SHOTS, file), fullPage: true })
        // All of it for each colour scheme and each width; once more only what the two decide together.
        const { violations } = await axe(page, whole ? undefined : COLOURS)
        const found = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => `${node.html} ${node.failureSummary}`) }))
        expect(found, `${name}, ${colorScheme}, ${width} px`).toEqual([])
      }
    }
    await page.setViewportSize({ width: NARROWEST, height: 640 })
    const tooWide = await page.evaluate(() => {
      const width = document.documentElement.clientWidth
      if (document.documentElement.scrollWidth <= width) return []
      // Those that stick out, not what they are in.
      const all = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width)
      const inmost = all.filter((element) => !all.some((other) => other !== element && element.contains(other)))
      return inmost.map((element) => `${element.outerHTML.slice(0, 160)}: to ${element.getBoundingClientRect().right} px`)
    })
    expect(tooWide, `at ${NARROWEST} px one need not scroll sideways`).toEqual([])
  })
}

test('a public page stands still while the rest of it arrives, and when something is refused', async ({ visitor }) => {
  const { page } = visitor
  const top = () => page.getByRole('heading', { level: 1 }).evaluate((title) => title.getBoundingClientRect().top)
  await visitor.opens('/forgot')
  const whole = await top()
  await page.locator('footer').evaluate((foot: HTMLElement) => { foot.hidden = true })
  expect(await top(), 'before its foot has arrived').toBe(whole)
  visitor.expectsRefusal(422)
  await visitor.presses('Mail me a link')
  await visitor.isToldAt('User name or email', 'Please fill this in.')
  expect(await top(), 'with a message beside the field').toBe(whole)
})

/** Whatever axe knows to look for. It need not tell what is well, nor look into frames of others: there are none. */
function axe(page: Page, rules?: string[]): Promise<{ violations: Violation[] }> {
  const runOnly = rules && ({ type: 'rule', values: rules } as const)
  return new AxeBuilder({ page }).options({ resultTypes: ['violations'], runOnly }).setLegacyMode().analyze()
}

/** By how much a page jumped, and what in it. */
interface Shifts {
  sum: number
  what: string[]
  over: boolean
}

/** Has every page sum up by how much it jumps, from its first byte until our code has taken it over. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    interface Shift extends PerformanceEntry {
      value: number
      hadRecentInput: boolean
      sources: { node?: Element; previousRect: DOMRect; currentRect: DOMRect }[]
    }
    const shifts: Shifts = { sum: 0, what: [], over: false }
    Object.assign(window, { shifts })
    const at = ({ x, y, width, height }: DOMRect) => `${x},${y} ${width}×${height}`
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        // What somebody has just asked for may move things.
        if (shifts.over || entry.hadRecentInput) continue
        shifts.sum += entry.value
        for (const { node, previousRect, currentRect } of entry.sources) {
          shifts.what.push(`${node?.outerHTML?.slice(0, 80) ?? node?.nodeName} from ${at(previousRect)} to ${at(currentRect)}`)
        }
      }
    }).observe({ type: 'layout-shift', buffered: true })
    const drawn = () => new Promise(requestAnimationFrame)
    new MutationObserver(async () => {
      if (!document.documentElement?.hasAttribute('data-live')) return
      // What the take-over has changed is drawn, and told of, in the frames to come.
      await drawn()
      await drawn()
      await drawn()
      shifts.over = true
    }).observe(document, { attributes: true, subtree: true })
  })
}

async function shifts(page: Page): Promise<Shifts> {
  const jumped = () => (window as unknown as { shifts: Shifts }).shifts
  await expect.poll(async () => (await page.evaluate(jumped)).over).toBe(true)
  return page.evaluate(jumped)
}

/** What takes time to change or moves by itself. */
function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const long = (durations: string) => durations.split(',').some((one) => parseFloat(one) > 0.01)
    const all = [...document.querySelectorAll('*')].filter((element) => {
      const { transitionDuration, animationDuration, animationName } = getComputedStyle(element)
      return long(transitionDuration) || (animationName !== 'none' && long(animationDuration))
    })
    return all.map((element) => element.outerHTML.slice(0, 120))
  })
}

// Downstream systems, and what goes there.

import {
  TYPED,
  asksSystem,
  comesToCustomer,
  comesToNewConnector,
  comesToWhere,
  links,
  setsUpComet,
  someName,
  typesAlso,
} from '../../world/connectors.ts'
import { expect, walk } from '../../world/look.ts'
import { someConsentingCustomer } from '../../world/people.ts'

const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }
const NEW = 'velvet tractor umbrella nine'

walk('a system is connected', async ({ visitor, rekey, comet, customer, looks }) => {
  await visitor.comesAsStaff(FREYA, '/organization/connectors')
  await visitor.reads('No system is connected yet.')
  await looks('connectors-none')
  await visitor.opens('/organization/connectors/new')
  await visitor.reads('Which system is it?')
  await looks('connector-kinds')
  await comesToNewConnector(visitor, rekey)
  visitor.expectsRefusal(422)
  await visitor.presses('Test and add')
  await visitor.isToldAt('Address', 'Please fill this in.')
  await looks('connector-refused')
  await comet.adds('theirs', { email: customer.email })
  const name = someName()
  await visitor.fills({ Name: name, Address: comet.address, 'Signs in as': comet.user, Password: comet.password })
  await visitor.presses('Test and add')
  await visitor.reads('The connector is added.')
  await looks('connector-added')
  await visitor.opens('/organization/connectors')
  await visitor.sees('Connectors')
  await looks('connectors')
  await visitor.follows(name)
  await visitor.sees(name)
  await visitor.follows('Import accounts')
  await visitor.sees('Import accounts')
  await looks('connector-import')
})

walk('a customer has a service', async ({ visitor, rekey, comet, customer, looks }) => {
  const name = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, name, 'acme01')
  await asksSystem(visitor)
  await looks('customer-services-linked')
  await visitor.follows('Overview')
  await asksSystem(visitor)
  await looks('customer-with-service')
  await visitor.opens('/customers')
  await visitor.follows(`${name} customers`)
  await visitor.reads('acme01')
  await looks('customers-of-system')
})

walk('a password goes to a system, which may or may not have it', async ({ visitor, anotherVisitor, server, rekey, comet, looks }) => {
  const customer = someConsentingCustomer(server)
  const name = await setsUpComet(visitor, rekey, comet)
  await links(visitor, customer, name, 'acme01')
  await comet.changes('acme01', { consent: false })
  await comesToWhere(visitor, customer)
  await visitor.reads('The customer has not allowed resets there.')
  await looks('desk-where-not')
  await comet.changes('acme01', { consent: true })
  await comesToWhere(visitor, customer)
  await expect(visitor.field('Where does it apply?').locator('option', { hasText: name })).toBeEnabled()
  await looks('desk-where')
  await comet.fails('admin/reset-user-password', '500', 50)
  await typesAlso(visitor, customer, name)
  await visitor.reads('A system does not have it, or may not have it.')
  await visitor.follows('See what can be done')
  await visitor.reads('It is tried again by itself for a quarter of an hour.')
  await looks('reset-attention')
  await visitor.opens('/resets?state=needs_attention')
  await visitor.reads('may or may not have it')
  await looks('resets-attention')
  await comesToCustomer(visitor, customer)
  await visitor.reads('The password there is another one than here')
  await looks('customer-differs')

  const owner = await anotherVisitor()
  await owner.triesToSignIn({ email: customer.email, password: TYPED })
  await owner.sees('Choose your own password')
  await owner.fills({ 'New password': NEW, 'Retype new password': NEW })
  await owner.presses('Save and go on')
  await owner.reads('Your password here is another one than in these systems, or may be')
  await looks('own-differs', owner)
})

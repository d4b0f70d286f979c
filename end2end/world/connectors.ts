// Staff set a downstream system up, and link customers to their accounts there.

import type { Comet } from './comet.ts'
import type { Person } from './people.ts'
import type { Server } from './servers.ts'
import { someStaff } from './staff.ts'
import type { Visitor } from './visitor.ts'

/** A password that staff type. */
export const TYPED = 'granite walnut ferry nine'

let made = 0

/** A name for a system that no other story has. */
export function someName(): string {
  return `Backup ${process.pid}-${Date.now() % 1_000_000}-${made++}`
}

/** A new owner of Northwind comes to the form for a Comet server. */
export async function comesToNewConnector(visitor: Visitor, rekey: Server): Promise<Person> {
  const owner = someStaff(rekey, 'owner')
  await visitor.comesAsStaff(owner, '/organization/connectors')
  await visitor.sees('Connectors')
  await visitor.follows('Add a connector')
  await visitor.sees('Add a connector')
  await visitor.follows('Comet Backup')
  await visitor.fills({ 'Your own password': owner.password })
  await visitor.presses('Continue')
  await visitor.reads('The settings are tried before they are saved.')
  return owner
}

/** A new owner of Northwind sets a Comet server up. */
export async function setsUpComet(visitor: Visitor, rekey: Server, comet: Comet, name = someName()): Promise<string> {
  await comesToNewConnector(visitor, rekey)
  await visitor.fills({ Name: name, Address: comet.address, 'Signs in as': comet.user, Password: comet.password })
  await visitor.presses('Test and add')
  await visitor.reads('The connector is added.')
  return name
}

/** Comes to a customer's page from the list. */
export async function comesToCustomer(visitor: Visitor, customer: Person): Promise<void> {
  await visitor.opens(`/customers?q=${encodeURIComponent(customer.email)}`)
  await visitor.follows(customer.name)
  await visitor.sees(customer.name)
}

/** Links a customer to an account, on the page of their services. */
export async function links(visitor: Visitor, customer: Person, system: string, account: string): Promise<void> {
  await comesToCustomer(visitor, customer)
  await visitor.follows('Services')
  await visitor.reads('Link an account')
  await visitor.field('System').selectOption({ label: system })
  await visitor.fills({ 'Name of the account there': account })
  await visitor.presses('Link the account')
  await visitor.reads('The account is linked.')
}

/** Has the system asked about the account on the page, and reads what it told. */
export async function asksSystem(visitor: Visitor): Promise<void> {
  if (!visitor.isLive) await visitor.presses('Ask again')
  await visitor.reads('120 GB of 500 GB')
}

/** Comes to the step that asks where the new password goes. */
export async function comesToWhere(visitor: Visitor, customer: Person): Promise<void> {
  await comesToCustomer(visitor, customer)
  await visitor.follows('Password: Manage')
  await visitor.sees('Set customer password')
  await visitor.page.getByRole('radio', { name: 'Type new password' }).check()
}

/** Types a password that goes to the system as well. */
export async function typesAlso(visitor: Visitor, customer: Person, system: string, password = TYPED): Promise<void> {
  await comesToWhere(visitor, customer)
  await visitor.field('Where does it apply?').selectOption({ label: `Also apply changes to the ${system} account` })
  await visitor.presses('Continue')
  await visitor.fills({ 'New password': password, 'Retype new password': password, Reason: `Called about ${password}` })
  await visitor.presses('Set password')
}

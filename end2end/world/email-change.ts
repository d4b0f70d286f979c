// New email addresses: their owners, the staff who ask for them, and those who agree.

import { verifiesCaller } from './lost-factor.ts'
import { type Mailbox } from './mail.ts'
import type { Person } from './people.ts'
import type { Server } from './servers.ts'
import { someStaff } from './staff.ts'
import type { Visitor } from './visitor.ts'

/** An address that nobody has, and that tells whose it is to be. */
export function newAddressOf(person: Person): string {
  return `new-${person.email}`
}

/** A customer opens the page of their own address, and proves who they are. */
export async function comesToOwnAddress(visitor: Visitor, customer: Person): Promise<void> {
  await visitor.isSignedIn(customer)
  await visitor.follows('Change email address')
  await visitor.sees('Email address')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Continue')
  await visitor.reads('It takes effect after 72 hours')
}

/** A customer asks for another address; which one. */
export async function asksForAddress(visitor: Visitor, customer: Person): Promise<string> {
  await comesToOwnAddress(visitor, customer)
  const address = newAddressOf(customer)
  await visitor.fills({ 'New email address': address })
  await visitor.presses('Ask for the new address')
  await visitor.reads('The new address is asked for.')
  return address
}

/** Staff open the page on which a customer's address is changed, and prove who they are. */
export async function comesToCustomersAddress(
  desk: Visitor,
  rekey: Server,
  customer: Person,
  role: 'owner' | 'admin' = 'admin',
): Promise<void> {
  const staff = someStaff(rekey, role)
  await desk.comesAsStaff(staff, `/customers?q=${encodeURIComponent(customer.email)}`)
  await desk.follows(customer.name)
  await desk.sees(customer.name)
  await desk.follows('Change address')
  await desk.sees('Change email address')
  await desk.fills({ 'Your own password': staff.password })
  await desk.presses('Continue')
  await desk.reads('Who is calling?')
}

/** Staff verify the caller, up to the new address. */
export async function verifiesForAddress(desk: Visitor, mailbox: Mailbox, customer: Person): Promise<void> {
  await verifiesCaller(desk, mailbox, customer.email, 'for one change of the address')
}

/** Staff ask for a second person to agree; to which address. */
export async function asksForSecond(desk: Visitor, rekey: Server, customer: Person): Promise<string> {
  await comesToCustomersAddress(desk, rekey, customer)
  await desk.follows('Ask without a verified caller')
  await desk.reads('No caller is verified.')
  const address = newAddressOf(customer)
  await desk.fills({ 'New email address': address, Reason: 'The provider closed the mailbox' })
  await desk.presses('Ask a second person to agree')
  await desk.reads('A second person has to agree now')
  return address
}

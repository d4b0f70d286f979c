// Second factors that somebody lost, or says to have lost, and the staff who are told so.

import type { Mailbox } from './mail.ts'
import type { Person } from './people.ts'
import { type Phone, generatesSecret, provesApp } from './phone.ts'
import type { Server } from './servers.ts'
import { someStaff } from './staff.ts'
import type { Visitor } from './visitor.ts'

/** An agent of Northwind who signs in with a phone. */
export async function agentWithPhone(
  visitor: Visitor,
  rekey: Server,
  organization?: string,
): Promise<{ agent: Person; phone: Phone }> {
  const agent = someStaff(rekey, 'agent', organization)
  await visitor.comesAsStaff(agent, '/account/security/two-factor')
  await visitor.fills({ 'Your own password': agent.password })
  await visitor.presses('Continue')
  await visitor.reads('Require two-factor authentication for login')
  const phone = await generatesSecret(visitor)
  await provesApp(visitor, phone)
  await visitor.presses('I have saved these')
  await visitor.sees('Security')
  return { agent, phone }
}

/** An admin opens the page on which the factor of a customer is removed. */
export async function comesToCustomer(desk: Visitor, rekey: Server, customer: Person): Promise<void> {
  const admin = someStaff(rekey, 'admin')
  await desk.comesAsStaff(admin, `/customers?q=${encodeURIComponent(customer.email)}`)
  await desk.follows(customer.name)
  await desk.sees(customer.name)
  await begins(desk, admin)
}

/** An admin opens the page on which the factor of a colleague is removed. */
async function comesToColleague(desk: Visitor, rekey: Server, colleague: Person): Promise<void> {
  const admin = someStaff(rekey, 'admin')
  await desk.comesAsStaff(admin, '/organization/staff')
  await desk.page.getByRole('listitem').filter({ hasText: colleague.email }).getByRole('link').click()
  await desk.sees(colleague.name)
  await begins(desk, admin)
}

async function begins(desk: Visitor, admin: Person): Promise<void> {
  await desk.follows('Remove lost factor')
  await desk.sees('Remove lost factor')
  await desk.fills({ 'Your own password': admin.password })
  await desk.presses('Continue')
  await desk.reads('Who is calling?')
}

/** Whoever is called reads a mailed code back, about a factor or about something else. */
export async function verifiesCaller(desk: Visitor, mailbox: Mailbox, email: string, about = 'for one removal'): Promise<void> {
  await desk.presses('Mail a code')
  await desk.reads('A code is on its way to')
  // By the words that both sides see one knows which mail it is.
  const words = (await desk.page.locator('.caller strong').textContent())!
  const code = (await mailbox.mentioning(email, words)).text.match(/^ {4}(\d{6})$/m)![1]!
  await desk.fills({ 'Code that was read back': code })
  await desk.presses('Verify')
  await desk.reads(`The caller is verified, ${about}`)
}

/** All of it, about a colleague, whose removal waits then. */
export async function asksForRemoval(desk: Visitor, rekey: Server, mailbox: Mailbox, colleague: Person): Promise<void> {
  await comesToColleague(desk, rekey, colleague)
  await verifiesCaller(desk, mailbox, colleague.email)
  await desk.fills({ Reason: 'The phone fell into the harbour' })
  await desk.presses('Ask for the removal')
  await desk.reads('The removal is asked for.')
}

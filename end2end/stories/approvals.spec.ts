// What nobody does alone: a second person agrees first, where the policy says so.

import { FREYA, comesToColleague, decides } from '../world/approvals.ts'
import { agentWithPhone, verifiesCaller } from '../world/lost-factor.ts'
import { alone } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'

test('a factor of staff is removed once a second person agreed', { tag: ['@phone', '@journey'] }, async ({
  visitor,
  anotherVisitor,
  server,
  rekey,
  mailbox,
}) => {
  test.slow()
  await alone(server, 'fjord', async () => {
    const freya = await anotherVisitor()
    await freya.comesAsStaff(FREYA)
    await decides(freya, 'Yes')
    const { agent } = await agentWithPhone(visitor, rekey, 'Fjord IT')
    const admin = someStaff(rekey, 'admin', 'Fjord IT')
    const desk = await anotherVisitor()
    await comesToColleague(desk, admin, agent)
    desk.expectsRefusal(422)
    await desk.fills({ 'Ticket number (optional)': 'T-78' })
    await desk.presses('Ask a second person to agree')
    await desk.isToldAt('Reason', 'Please fill this in.')
    await expect(desk.field('Ticket number (optional)')).toHaveValue('T-78')
    await desk.fills({ Reason: 'The phone fell into the fjord' })
    await desk.presses('Ask a second person to agree')
    await desk.reads('Withdraw the request')

    await freya.opens('/')
    await freya.reads('Requests that a second person has to agree to')
    await freya.follows(`Remove the second factor of ${agent.name}`)
    await freya.reads('The phone fell into the fjord')
    await freya.reads('Make sure by a way of your own')
    freya.expectsRefusal(422)
    await freya.presses('Agree')
    await freya.isToldAt('Reason', 'Please fill this in.')
    await freya.fills({ Reason: 'I called them at home' })
    await freya.presses('Agree')
    await freya.reads('You agreed.')

    await desk.opens('/')
    await desk.follows(`Remove the second factor of ${agent.name}`)
    await desk.reads('I called them at home')
    await desk.follows('Go on')
    await desk.reads('Freya Nordahl agreed. Go on until')
    await verifiesCaller(desk, mailbox, agent.email)
    await desk.fills({ Reason: 'The phone fell into the fjord' })
    await desk.presses('Ask for the removal')
    await desk.reads('The removal is asked for.')
    await decides(freya, 'Inherit')
  })
})

test('who asked does not agree, and drops it', async ({ visitor, anotherVisitor, server, rekey }) => {
  test.slow()
  await alone(server, 'fjord', async () => {
    const freya = await anotherVisitor()
    await freya.comesAsStaff(FREYA)
    await decides(freya, 'Yes')
    const { agent } = await agentWithPhone(visitor, rekey, 'Fjord IT')
    const desk = await anotherVisitor()
    await comesToColleague(desk, someStaff(rekey, 'admin', 'Fjord IT'), agent)
    await desk.fills({ Reason: 'The phone fell into the fjord' })
    await desk.presses('Ask a second person to agree')
    await desk.reads('Withdraw the request')
    await desk.opens('/resets')
    await desk.follows(`Remove the second factor of ${agent.name}`)
    await desk.reads('Nobody has decided yet.')
    await expect(desk.page.getByRole('button', { name: 'Agree', exact: true })).toHaveCount(0)
    await desk.presses('Withdraw the request')
    await desk.reads('The request is withdrawn, and nothing happens.')
    await decides(freya, 'Inherit')
  })
})

// Systems of an organization’s own are told of what happens, and check who tells them.

import { Webhook } from 'standardwebhooks'

import { type Person, PASSWORD } from '../world/people.ts'
import { receiver } from '../world/receiver.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: PASSWORD }
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }

async function comes(visitor: Visitor, who: Person): Promise<void> {
  await visitor.comesAsStaff(who, '/organization/webhooks')
  await visitor.sees('Webhooks')
}

test('a webhook is added, tested, switched over and removed', { tag: ['@phone', '@journey'] }, async ({ visitor }) => {
  const system = await receiver()
  try {
    await comes(visitor, FREYA)
    await visitor.fills({ 'Your own password': FREYA.password })
    await visitor.presses('Continue')
    visitor.expectsRefusal(422)
    await visitor.fills({ Address: 'http://10.0.0.1/' })
    await visitor.presses('Add webhook')
    await visitor.isToldAt('Address', 'Without encryption')
    await visitor.fills({ Address: system.address })
    await visitor.presses('Add webhook')
    await visitor.reads('This is the secret that messages are signed with.')
    const secret = (await visitor.page.locator('#webhook-secret').innerText()).trim()
    expect(secret).toMatch(/^whsec_/)

    await visitor.follows(system.address)
    await visitor.reads('No messages yet.')
    await visitor.presses('Send a test message')
    await visitor.reads('The test message is sent.')
    const lines = visitor.page.locator('[data-message=test]')
    await expect(lines).toHaveCount(1)
    await expect(lines).toContainText('Delivered')
    await expect(lines).toContainText('Answered 204')
    const [first] = system.messages
    expect(new Webhook(secret).verify(first!.body, first!.headers)).toMatchObject({ type: 'test' })

    await visitor.presses('New secret')
    await visitor.reads('This is the secret that messages are signed with.')
    const next = (await visitor.page.locator('#webhook-secret').innerText()).trim()
    expect(next).not.toBe(secret)
    await lines.getByRole('button', { name: 'Send again: Test message' }).click()
    await visitor.reads('The message is on its way again.')
    await expect.poll(() => system.messages.length).toBe(2)
    const second = system.messages[1]!
    expect(second.headers['webhook-id']).toBe(first!.headers['webhook-id'])
    for (const known of [secret, next]) new Webhook(known).verify(second.body, second.headers)

    // It wants no more.
    system.answers.push(410)
    await visitor.presses('Send a test message')
    await visitor.reads('Its system answered 410')
    await visitor.presses('Switch on')
    await visitor.reads('The webhook is on.')
    await expect(visitor.page.getByRole('button', { name: 'Switch off' })).toBeVisible()

    // Elsewhere, and told of less.
    await visitor.fills({ Address: '' })
    await visitor.presses('Save')
    await visitor.isToldAt('Address', 'Please fill this in.')
    const moved = new URL('moved', system.address).href
    await visitor.fills({ Address: moved })
    await visitor.field('Locked accounts').uncheck()
    await visitor.presses('Save')
    await visitor.reads('The webhook is changed.')
    await visitor.sees(moved)
    await visitor.reads(/^New passwords · Resets that need attention · Changes of consent/)
    await visitor.presses('Send a test message')
    await visitor.reads('The test message is sent.')
    await expect.poll(() => system.messages.length).toBe(4)
    await visitor.presses('Remove')
    await visitor.reads('The webhook is removed, with its log.')
    await expect(visitor.page.getByText(system.address)).toHaveCount(0)
  } finally {
    system.close()
  }
})

test('auditors read where messages go, and change nothing', async ({ visitor }) => {
  await comes(visitor, ADA)
  await expect(visitor.page.getByRole('button', { name: 'Add webhook' })).toHaveCount(0)
  await expect(visitor.page.getByText('Your own password')).toHaveCount(0)
})

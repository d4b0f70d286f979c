// Those above an organization look after it: they add it, set it aside, give it a sign-in page of its
// own, move it and delete it.

import { linkIn } from '../world/mail.ts'
import { type Person, PASSWORD } from '../world/people.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import { type Visitor, until } from '../world/visitor.ts'

const CARLA = { name: 'Carla Montez', email: 'carla@contoso.example', password: PASSWORD }
const ADA = { name: 'Ada Quist', email: 'ada@northwind.example', password: PASSWORD }
const NEXT = 'velvet tractor umbrella nine'

let made = 0

/** A name that no other story gives. */
function someName(begin: string, worker: number): string {
  return `${begin} ${worker}-${Date.now() % 1_000_000}-${made++}`
}

async function comes(visitor: Visitor, who: Person): Promise<void> {
  await visitor.triesToSignIn(who, '/s/contoso')
  await visitor.sees(`Welcome, ${who.name}`)
  await visitor.opens('/organizations')
  await visitor.sees('Organizations')
}

async function confirms(visitor: Visitor, who: Person): Promise<void> {
  await visitor.fills({ 'Your own password': who.password })
  await visitor.presses('Continue')
}

/** Adds an organization below Contoso Cloud; a proof was given. */
async function adds(visitor: Visitor, name: string, door: string): Promise<void> {
  await visitor.opens('/organizations/new')
  await visitor.sees('Add an organization')
  if (await visitor.field('Your own password').isVisible()) await confirms(visitor, CARLA)
  await visitor.fills({ Name: name })
  await visitor.page.getByRole('radio', { name: new RegExp(`^${door}`) }).check()
  await visitor.presses('Add the organization')
  await visitor.sees(name)
  await visitor.reads('The organization is added.')
}

async function deletes(visitor: Visitor, name: string): Promise<void> {
  await visitor.fills({ 'Type the name to confirm': name })
  await visitor.presses('Delete for good')
  await visitor.sees('Organizations')
  await visitor.reads('The organization is deleted.')
}

test('an organization is added, set aside, and gets a sign-in page of its own', { tag: '@journey' }, async ({
  visitor,
  anotherVisitor,
  mailbox,
}, info) => {
  test.slow()
  const name = someName('Skerry', info.workerIndex)
  const tia = { name: 'Tia Lund', email: `tia-${info.workerIndex}-${Date.now()}-${made++}@skerry.example`, password: NEXT }
  await comes(visitor, CARLA)
  await visitor.follows('Add an organization')
  await visitor.sees('Add an organization')
  await confirms(visitor, CARLA)
  visitor.expectsRefusal(422)
  await visitor.presses('Add the organization')
  await visitor.isToldAt('Name', 'Please fill this in.')
  await visitor.fills({ Name: name, 'Address of the sign-in page': 'contoso' })
  await visitor.presses('Add the organization')
  await visitor.isToldAt('Address of the sign-in page', 'Another sign-in page has this address.')
  await visitor.page.getByRole('radio', { name: 'Shared with the organization above' }).check()
  await visitor.presses('Add the organization')
  await visitor.sees(name)
  await visitor.reads('Shares the sign-in page of Contoso Cloud (/s/contoso/login)')
  const place = new URL(visitor.page.url()).pathname

  // Somebody comes to work there.
  const id = place.split('/').pop()!
  await visitor.opens(`/organization/staff/new?scope=${id}`)
  await visitor.fills({ Name: tia.name, 'Email address': tia.email })
  await visitor.page.getByRole('radio', { name: /^Owner/ }).check()
  await visitor.presses('Send the invitation')
  await visitor.sees(tia.name)
  const someone = await anotherVisitor()
  await someone.opens(linkIn(await mailbox.next(tia.email), 'invitation'))
  await someone.sees('Choose your password')
  await someone.fills({ 'New password': tia.password, 'Retype new password': tia.password })
  await someone.presses('Set new password')
  await someone.sees('Your new password is set')
  await mailbox.next(tia.email)
  await someone.triesToSignIn(tia, '/s/contoso')
  await someone.sees('Welcome, Tia Lund')

  // Set aside, she is out at once, and is told whom to ask.
  await visitor.opens(place)
  await visitor.presses('Suspend the organization')
  await visitor.reads('The organization is suspended. Everybody there was signed out.')
  await someone.opens('/')
  await someone.sees('Sign in')
  someone.expectsRefusal(422)
  await someone.triesToSignIn({ ...tia, password: 'certainly not this one' }, '/s/contoso')
  await someone.isNotLetIn()
  await someone.triesToSignIn(tia, '/s/contoso')
  await someone.reads('Please write to Contoso Cloud: support@contoso.example')
  await visitor.presses('Resume the organization')
  await visitor.reads('The organization is in use again.')

  // With a page of its own, the old one tells her where to go.
  await visitor.reads('Passkeys keep working at this address of the server.')
  await visitor.presses('Give it a page of its own')
  await visitor.reads('The organization has a sign-in page of its own.')
  await someone.triesToSignIn(tia, '/s/contoso')
  await someone.reads(`you sign in somewhere else by now: at ${name}`)
  await someone.follows('Go to the new sign-in page')
  await someone.sees('Sign in')
  await expect(someone.page).toHaveURL(/\/s\/skerry-/)
  await someone.fills({ 'User name or email': tia.email, Password: tia.password })
  await someone.presses('Sign in')
  await someone.sees('Welcome, Tia Lund')
  await someone.opens('/organizations')
  await someone.sees('Organizations')
  await someone.page.getByRole('main').getByRole('link', { name, exact: true }).click()
  await someone.sees(name)

  await visitor.opens(place)
  await visitor.reads('It cannot be deleted while it has customers or staff.')
})

test('after an incident everybody who works for an organization chooses a new password', { tag: '@journey' }, async ({
  visitor,
  anotherVisitor,
  mailbox,
  rekey,
}, info) => {
  test.slow()
  const name = someName('Eddy', info.workerIndex)
  await comes(visitor, CARLA)
  await adds(visitor, name, 'Shared with the organization above')
  const [otto, hedy] = [someStaff(rekey, 'owner', name), someStaff(rekey, 'agent', name)]
  const [desk, owner] = [await anotherVisitor(), await anotherVisitor()]
  await desk.triesToSignIn(hedy, '/s/contoso')
  await desk.sees(`Welcome, ${hedy.name}`)
  await owner.triesToSignIn(otto, '/s/contoso')
  await owner.sees(`Welcome, ${otto.name}`)
  await owner.opens('/organization/staff')
  await owner.reads('After an incident')
  await owner.follows('New passwords for all staff')
  await confirms(owner, otto)
  await owner.reads(`Members of staff whose password stops working at once: 1, of ${name}`)
  owner.expectsRefusal(422)
  await owner.fills({ 'How many are they?': '2' })
  await owner.presses('Stop the passwords')
  await owner.isToldAt('Reason', 'Please fill this in.')
  await owner.fills({ Reason: 'Somebody wrote to us in our own name', 'How many are they?': '1' })
  await owner.presses('Stop the passwords')
  await until(owner, 'Done. Every link that could be mailed is on its way.')
  await owner.reads('1 of 1 (100%)')
  await owner.opens('/resets')
  await owner.follows('Staff: 1')
  await owner.reads('None of the passwords that were in use works any more')

  await desk.opens('/')
  await desk.sees('Sign in')
  desk.expectsRefusal(422)
  await desk.triesToSignIn(hedy, '/s/contoso')
  await desk.isNotLetIn()
  await desk.opens(linkIn(await mailbox.next(hedy.email), 'reset'))
  await desk.chooses(NEXT)
  await desk.triesToSignIn({ ...hedy, password: NEXT }, '/s/contoso')
  await desk.sees(`Welcome, ${hedy.name}`)
})

test('an empty organization is renamed, moved, and deleted', async ({ visitor }, info) => {
  const [above, below] = [someName('Above', info.workerIndex), someName('Below', info.workerIndex)]
  await comes(visitor, CARLA)
  await adds(visitor, above, 'Shared with the organization above')
  const first = new URL(visitor.page.url()).pathname
  await adds(visitor, below, 'One of its own')
  const other = `${below} Media`
  await visitor.fills({ Name: other })
  await visitor.presses('Rename')
  await visitor.reads('The organization is renamed.')
  await visitor.sees(other)
  await visitor.page.locator('#to').selectOption({ label: `\u2003${above}` })
  await visitor.presses('Move')
  await visitor.reads('The organization is moved.')
  await expect(visitor.page.locator('.facts')).toContainText(`Contoso Cloud › ${above} › ${other}`)
  const second = new URL(visitor.page.url()).pathname
  await visitor.opens(first)
  await visitor.reads('It cannot be deleted while there are organizations below it.')
  await visitor.opens(second)
  visitor.expectsRefusal(422)
  await visitor.fills({ 'Type the name to confirm': 'something else' })
  await visitor.presses('Delete for good')
  await visitor.isToldAt('Type the name to confirm', 'This is not the name')
  await deletes(visitor, other)
  await visitor.opens(first)
  await deletes(visitor, above)
})

test('an auditor reads where organizations are, and changes nothing', async ({ visitor }) => {
  await visitor.comesAsStaff(ADA, '/organizations')
  await visitor.sees('Organizations')
  await expect(visitor.page.getByRole('link', { name: 'Add an organization' })).toHaveCount(0)
  await visitor.follows('Fjord IT')
  await visitor.sees('Fjord IT')
  await visitor.reads('Your role does not allow you to change organizations.')
})

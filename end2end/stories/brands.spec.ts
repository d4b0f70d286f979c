// Two resellers, each at a host name of their own on one server: whoever is at one of them learns
// nothing of the other, and takes nothing along from one to the other.

import { join } from 'node:path'
import { deflateSync, crc32 } from 'node:zlib'

import { Device, addsPasskey } from '../world/device.ts'
import { linkIn } from '../world/mail.ts'
import { PASSWORD, type Person } from '../world/people.ts'
import { type Server } from '../world/servers.ts'
import { someStaff } from '../world/staff.ts'
import { expect, test } from '../world/story.ts'
import type { Visitor } from '../world/visitor.ts'

const ROBIN: Person = { name: 'Robin Keeler', email: 'operator@rekey.example', password: PASSWORD }
const SHOTS = join(import.meta.dirname, '../shots')
const CHOSEN = 'velvet tractor umbrella nine'

interface Brand {
  name: string
  /** Its host name, which is its slug with .localhost behind it. */
  host: string
  slug: string
  colour: string
  rgb: string
  /** Where its pages are. */
  at: (path: string) => string
}

let made = 0

function brand(rekey: Server, name: string, colour: [number, number, number]): Brand {
  const number = `${process.pid}-${made++}`
  const slug = `${name.split(' ')[0]!.toLowerCase()}-${number}`
  const host = `${slug}.localhost`
  const { port } = new URL(rekey.url)
  return {
    name: `${name} ${number}`,
    slug,
    host,
    colour: `#${colour.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`,
    rgb: `rgb(${colour.join(', ')})`,
    at: (path) => `http://${host}:${port}${path}`,
  }
}

/** A PNG of one colour. */
function png(width: number, height: number, [r, g, b]: number[]): Buffer {
  const chunk = (kind: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, 'latin1'), content])
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)]
    size.writeUInt32BE(content.length)
    check.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, check])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  // Eight bits for each of three colours.
  head.set([8, 2], 8)
  const line = Buffer.from([0, ...Array.from({ length: width }, () => [r!, g!, b!]).flat()])
  const lines = Buffer.concat(Array.from({ length: height }, () => line))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

async function confirms(visitor: Visitor, password: string): Promise<void> {
  await visitor.fills({ 'Your own password': password })
  await visitor.presses('Continue')
}

/** Those who run the server add a reseller with a front door, and give it a host name. */
async function opensDoor(robin: Visitor, { name, slug, host }: Brand): Promise<void> {
  await robin.opens('/organizations/new')
  await robin.sees('Add an organization')
  if (await robin.field('Your own password').isVisible()) await confirms(robin, ROBIN.password)
  await robin.fills({ Name: name, 'Address of the sign-in page': slug })
  await robin.page.getByRole('radio', { name: /^One of its own/ }).check()
  await robin.presses('Add the organization')
  await robin.sees(name)
  await robin.reads(`Signs in at /s/${slug}/login`)
  robin.expectsRefusal(422)
  await robin.fills({ 'Host names': `${slug}.example` })
  await robin.presses('Save the names')
  await robin.isToldAt('Host names', 'only names that end in .localhost work here')
  await robin.fills({ 'Host names': host })
  await robin.presses('Save the names')
  await robin.reads('The host names are saved.')
}

/** Its owner makes it look as it should. */
async function paints(owner: Visitor, who: Person, brand: Brand): Promise<void> {
  await owner.triesToSignInAt(brand.at('/login'), who)
  await owner.sees(`Welcome, ${who.name}`)
  await owner.opens(brand.at('/organization/brand'))
  await owner.sees('Brand')
  await confirms(owner, who.password)
  await owner.fills({ Colour: brand.colour })
  await owner.presses('Save')
  await owner.reads('The brand is saved.')
  await owner.opens(brand.at('/organization/brand'))
  for (const [label, file] of [
    ['Logo', png(400, 80, channels(brand))],
    ['Icon', png(64, 64, channels(brand))],
  ] as const) {
    const form = owner.page.locator('form').filter({ has: owner.field(label) })
    await owner.field(label).setInputFiles({ name: 'picture.png', mimeType: 'image/png', buffer: file })
    await form.getByRole('button', { name: 'Send the file' }).click()
    await expect(owner.page.getByRole('button', { name: `Remove the ${label.toLowerCase()}` })).toBeVisible()
    await owner.sees('Brand')
  }
}

function channels({ colour }: Brand): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
}

/** Its owner adds a customer, who chooses a password by the link that was mailed. */
async function invites(owner: Visitor, brand: Brand, customer: Person): Promise<void> {
  await owner.opens(brand.at('/customers/new'))
  await owner.sees('New customer')
  await owner.fills({ Name: customer.name, 'Email address': customer.email })
  await owner.presses('Create customer')
  await owner.sees(customer.name)
}

test('two brands on two host names have nothing of one another', { tag: ['@journey'] }, async ({ visitor, anotherVisitor, rekey, mailbox, browser }) => {
  test.slow()
  const aurora = brand(rekey, 'Aurora Vault', [10, 107, 79])
  const borealis = brand(rekey, 'Borealis Media', [134, 38, 122])
  await visitor.comesAsStaff(ROBIN, '/organizations', '/s/operator')
  for (const one of [aurora, borealis]) await opensDoor(visitor, one)

  const customers: Person[] = []
  for (const one of [aurora, borealis]) {
    const owner = await anotherVisitor()
    const who = someStaff(rekey, 'owner', one.name)
    await paints(owner, who, one)
    const customer = { name: `Uma ${one.name}`, email: `uma@${one.slug}.example`, password: CHOSEN }
    customers.push(customer)
    await invites(owner, one, customer)
  }

  // Mails say whose they are, and lead there.
  const guests: Visitor[] = []
  for (const [place, one] of [aurora, borealis].entries()) {
    const other = place === 0 ? borealis : aurora
    const customer = customers[place]!
    const mail = await mailbox.next(customer.email)
    expect(mail.from.name).toBe(one.name)
    const link = linkIn(mail, 'invitation')
    expect(link.startsWith(one.at('/invitation/')), link).toBe(true)
    for (const part of [mail.subject, mail.text, mail.html, mail.raw]) {
      expect(part).not.toContain(other.name)
      expect(part).not.toContain(other.host)
    }
    const guest = await anotherVisitor()
    guests.push(guest)
    await guest.opens(link)
    await guest.fills({ 'New password': CHOSEN, 'Retype new password': CHOSEN })
    await guest.presses('Set new password')
    await guest.sees('Your new password is set')
    await guest.follows('Sign in')
    await expect(guest.page).toHaveURL(one.at('/login'))
  }

  // Whatever page it is, found or not, and whatever goes wrong there.
  for (const [place, one] of [aurora, borealis].entries()) {
    const other = place === 0 ? borealis : aurora
    const guest = guests[place]!
    guest.expectsRefusal(404, 410, 422)
    for (const path of ['/login', '/forgot', '/nothing/here', `/s/${other.slug}/login`, '/reset/0198c1c1-0000-7000-8000-000000000000']) {
      await guest.opens(one.at(path))
      const page = await guest.page.content()
      for (const word of [other.name, other.host, other.slug, other.colour, 'Northwind', 'Rekey Operations']) {
        if (path.includes(word)) continue
        expect(page, `${word} at ${path} of ${one.name}`).not.toContain(word)
      }
    }
    await guest.triesToSignInAt(one.at('/login'), { ...customers[1 - place]!, password: CHOSEN })
    await guest.isNotLetIn()
    await guest.triesToSignInAt(one.at('/login'), customers[place]!)
    await guest.sees('Profile')
    await expect(guest.page.getByRole('banner').getByRole('img', { name: one.name })).toBeVisible()
    // What the browser keeps, it keeps for this host alone; and elsewhere it is somebody unknown.
    const cookies = await guest.page.context().cookies()
    expect(new Set(cookies.map((cookie) => cookie.domain))).toEqual(new Set([one.host]))
    await guest.opens(other.at('/account'))
    await expect(guest.page).toHaveURL(/\/login/)
    await guest.page.context().addCookies(cookies.map((cookie) => ({ ...cookie, domain: other.host })))
    await guest.opens(other.at('/account'))
    await expect(guest.page, 'a session that was carried over').toHaveURL(/\/login/)
    await guest.page.context().clearCookies({ domain: other.host })
    await guest.opens(one.at('/account'))
    await guest.sees('Profile')
  }

  // Old addresses lead to the new ones.
  await visitor.opens(`/s/${aurora.slug}/login`)
  await expect(visitor.page).toHaveURL(aurora.at('/login'))
  await expect(visitor.page.locator('link[rel=icon]')).toHaveAttribute('href', /^\/brand\/[0-9a-f]{32}$/)
  await expect(visitor.page.getByRole('button', { name: 'Sign in', exact: true })).toHaveCSS('background-color', aurora.rgb)
  if (visitor.isLive) await keepsPasskeysApart(guests[0]!, customers[0]!, aurora, borealis)

  // Side by side.
  const wide = await browser.newPage({ viewport: { width: 1280, height: 620 } })
  const pictures: string[] = []
  for (const one of [aurora, borealis]) {
    await wide.setViewportSize({ width: 640, height: 620 })
    await wide.goto(one.at('/login'))
    pictures.push((await wide.screenshot()).toString('base64'))
  }
  await wide.goto('about:blank')
  await wide.setViewportSize({ width: 1280, height: 620 })
  await wide.setContent(`<body style="margin:0;display:flex">${pictures.map((one) => `<img src="data:image/png;base64,${one}">`).join('')}`)
  await wide.screenshot({ path: join(SHOTS, 'two-brands.png') })
  await wide.close()
})

/** A passkey that was made at one of them is made for that host, and is not asked for at the other. */
async function keepsPasskeysApart(guest: Visitor, who: Person, one: Brand, other: Brand): Promise<void> {
  const device = await Device.of(guest)
  await guest.opens(one.at('/account/security/passkeys'))
  await confirms(guest, who.password)
  await guest.reads('Your device asks for your fingerprint')
  await addsPasskey(guest, device, 'My laptop')
  const [key] = await device.keys()
  expect(key?.rpId).toBe(one.host)
  await guest.presses('I have saved these')
  await guest.reads('Updated: signing in now asks for your second factor.')
  await guest.presses('Sign out')
  // Signed out here, and nobody there.
  await guest.opens(other.at('/account'))
  await expect(guest.page).toHaveURL(/\/login/)
  await guest.opens(one.at('/login'))
  await device.touched(async () => {
    await guest.presses('Sign in with a passkey')
    await guest.sees('Profile')
  })
}

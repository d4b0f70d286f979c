// Who the stories are about. Every story has a person to itself, so that stories can run side by
// side: passwords change, accounts freeze, and nobody else's story is touched.

import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from '@playwright/test'

import { type ServerName, world } from './servers.ts'

export interface Person {
  name: string
  email: string
  password: string
}

/** What everybody in the demo signs in with. */
export const PASSWORD = 'harbour lantern mosaic'

// The names and addresses of the demo's crowd are made from these (portal/src/demo.rs).
const FIRST = words(`Amara Bruno Chiara Dmitri Elif Farid Greta Hugo Ines Jonas Katya Leon Marit Nadia Oskar Priya
  Quentin Rosa Stefan Tomasz Uma Viktor Wanda Yusuf Zoe`)
const LAST = words(`Abend Bellweather Castellan Drummel Eastlake Fennimore Garrowby Hollander Ivanek Juniper Kestrel
  Lindqvist Marchetti Natarajan Okonedo Pemberly Quillon Rasmussen Solheim Thistlewood Ulvang Vandermeer Wrona Zeller`)
const TRADES = words(`Joinery Dental Logistics Media Bakery Architects Physio Motors Legal Optics Textiles Brewing
  Surveyors Gardens Audio Freight Pottery Travel Print Robotics`)
const PLACES = words(`Harbour Lakeview Northgate Oakfield Riverside Summit Westend Meadow Granite Willow Beacon Copper
  Juniper Falcon Amber Orchard Silver Tidal Cedar Highland`)

function words(text: string): string[] {
  return text.split(/\s+/)
}

function crowd(n: number): Person {
  const of = (list: string[], place: number) => list[place % list.length]!
  const first = of(FIRST, n)
  const company = `${of(PLACES, n)}-${of(TRADES, n + Math.floor(n / PLACES.length))}`
  const email = `${first}@${company}.example`.toLowerCase()
  return { name: `${first} ${of(LAST, n)}`, email, password: PASSWORD }
}

/** Of the crowd, by number: whose customers they are. Some are locked from the start. */
const CROWDS = { northwind: [0, 200], fjord: [200, 212], contoso: [212, 230] } as const
const isLocked = (n: number) => n % 29 === 28
const consents = (n: number) => n % 5 !== 3

/** A customer nobody else has been given. */
export function someCustomer(server: ServerName, of: keyof typeof CROWDS = 'northwind'): Person {
  const [from, to] = CROWDS[of]
  for (let n = from; n < to; n++) {
    if (!isLocked(n) && claim(`${server}-customer-${n}`)) return crowd(n)
  }
  throw new Error(`every customer of ${of} has a story already`)
}

/** A customer who allows staff to set the password, and nobody else has been given. */
export function someConsentingCustomer(server: ServerName): Person {
  const [from, to] = CROWDS.northwind
  for (let n = from; n < to; n++) {
    if (!isLocked(n) && consents(n) && claim(`${server}-customer-${n}`)) return crowd(n)
  }
  throw new Error('every customer who allows resets has a story already')
}

/** A customer whom staff have locked out. There are not many, and of those fewer allow resets. */
export function someLockedCustomer(server: ServerName, { allowsResets = false } = {}): Person {
  const [from, to] = CROWDS.northwind
  const locked = Array.from({ length: to - from }, (_, n) => from + n).filter(isLocked)
  const wanted = allowsResets ? locked.filter(consents) : locked.toSorted((a, b) => Number(consents(a)) - Number(consents(b)))
  for (const n of wanted) {
    if (claim(`${server}-customer-${n}`)) return crowd(n)
  }
  throw new Error('every locked customer has a story already')
}

/** An address on a network nobody else has been given: limits count networks. */
export function someAddress(): string {
  for (let n = 1; n < 65_536; n++) {
    if (claim(`address-${n}`)) return `10.${n >> 8}.${n & 255}.7`
  }
  throw new Error('every network has been given away')
}

/** Does what would get into the way of the same story elsewhere, once nobody else does it. */
export async function alone(server: ServerName, what: string, story: () => Promise<void>): Promise<void> {
  const mark = `${server}-alone-${what}`
  await expect.poll(() => claim(mark), { timeout: 50_000 }).toBe(true)
  try {
    await story()
  } finally {
    rmSync(join(world().folder, 'claims', mark))
  }
}

/** Whether this is the first to ask, of all processes. */
function claim(what: string): boolean {
  const folder = join(world().folder, 'claims')
  mkdirSync(folder, { recursive: true })
  try {
    closeSync(openSync(join(folder, what), 'wx'))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

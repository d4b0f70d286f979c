// What a phone does: reads the QR code that is on the screen, and shows codes for what is in it.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Person } from './people.ts'
import { expect } from './story.ts'
import type { Visitor } from './visitor.ts'

/** How long one code is shown, in milliseconds. */
const STEP = 30_000

/** An authenticator app. */
export class Phone {
  /** The secret in base32. */
  readonly #secret: string
  /** The step of time whose code was shown last: none works twice. */
  #shown = 0

  constructor(secret: string) {
    this.#secret = secret
  }

  /** Takes up the QR code that a visitor sees. */
  static async scans(visitor: Visitor): Promise<Phone> {
    const folder = mkdtempSync(join(tmpdir(), 'rekey-qr-'))
    const file = join(folder, 'screen.png')
    try {
      await visitor.page.locator('.qr').screenshot({ path: file })
      const read = execFileSync('zbarimg', ['--quiet', '--nodbus', '--raw', file], { encoding: 'utf8' }).trim()
      const link = new URL(read)
      expect(link.protocol).toBe('otpauth:')
      expect(link.searchParams.get('issuer')).toBe('Northwind Backup')
      return new Phone(link.searchParams.get('secret') ?? '')
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  /**
   * A code that was not shown before: that of the step before, as somebody types it who is slow, then that of now, then
   * that of the next step as soon as it has come.
   */
  async shows(): Promise<string> {
    const now = () => Date.now() / STEP
    // So late in a step, the one before would be over before it is typed.
    const late = now() % 1 > 0.7
    const oldest = Math.floor(now()) - (late ? 0 : 1)
    const step = Math.max(this.#shown + 1, oldest)
    await expect.poll(now, { timeout: STEP + 5_000 }).toBeGreaterThanOrEqual(step)
    this.#shown = step
    const at = `@${(step * STEP) / 1_000}`
    return execFileSync('oathtool', ['--totp', '--base32', `--now=${at}`, this.#secret], { encoding: 'utf8' }).trim()
  }
}

/** Signs in, opens the page of two-factor authentication and proves who it is. */
async function beginsTwoFactor(visitor: Visitor, customer: Person): Promise<void> {
  await visitor.isSignedIn(customer, '/account/security/two-factor')
  await visitor.fills({ 'Your own password': customer.password })
  await visitor.presses('Continue')
  await visitor.reads('Require two-factor authentication for login')
}

/** Wants a code to be required, unless the policy does, and gets a new secret. */
export async function generatesSecret(visitor: Visitor, { asked = true } = {}): Promise<Phone> {
  if (asked) await visitor.page.getByRole('radio', { name: 'Yes' }).check()
  await visitor.page.getByRole('checkbox', { name: 'I understand' }).check()
  await visitor.presses('Generate shared secret')
  await visitor.reads('Scan this with your authenticator app')
  return Phone.scans(visitor)
}

/** Enters the first code: the recovery codes. */
export async function provesApp(visitor: Visitor, phone: Phone): Promise<string[]> {
  await visitor.fills({ 'Name of the device': 'Pocket phone', 'Code that the app shows': await phone.shows() })
  await visitor.presses('Connect')
  await visitor.reads('Save your recovery codes')
  return visitor.page.locator('#recovery-codes > li').allTextContents()
}

/** All of it, with the recovery codes saved. */
export async function turnsTwoFactorOn(visitor: Visitor, customer: Person): Promise<{ phone: Phone; codes: string[] }> {
  await beginsTwoFactor(visitor, customer)
  const phone = await generatesSecret(visitor)
  const codes = await provesApp(visitor, phone)
  await visitor.presses('I have saved these')
  await visitor.sees('Security')
  await visitor.reads('Updated: signing in now asks for your second factor.')
  return { phone, codes }
}

// A device that keeps passkeys: Chromium's own virtual authenticator.

import type { CDPSession } from '@playwright/test'

import { type Page, expect } from './story.ts'
import type { Visitor } from './visitor.ts'

export class Device {
  readonly #chromium: CDPSession
  readonly #id: string

  private constructor(chromium: CDPSession, id: string) {
    this.#chromium = chromium
    this.#id = id
  }

  /** A device that knows its owner's finger, built into the computer at which somebody sits. */
  static async of(visitor: Visitor): Promise<Device> {
    const chromium = await visitor.page.context().newCDPSession(visitor.page)
    await chromium.send('WebAuthn.enable')
    const { authenticatorId } = await chromium.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        // Nobody presents a finger before a story says so.
        automaticPresenceSimulation: false,
      },
    })
    return new Device(chromium, authenticatorId)
  }

  /** Its owner puts the finger on it, for as long as something is done. */
  async touched(what: () => Promise<void>): Promise<void> {
    const authenticatorId = this.#id
    await this.#chromium.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true })
    await what()
    await this.#chromium.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false })
  }

  /** What it keeps. */
  async keys(): Promise<{ credentialId: string; privateKey: string; rpId?: string; signCount: number; userHandle?: string; isResidentCredential: boolean }[]> {
    return (await this.#chromium.send('WebAuthn.getCredentials', { authenticatorId: this.#id })).credentials
  }

  /** Somebody copies the key into this device, as it was when it had signed so often. */
  async keepsCopy(of: Awaited<ReturnType<Device['keys']>>[number], signCount: number): Promise<void> {
    await this.#chromium.send('WebAuthn.addCredential', { authenticatorId: this.#id, credential: { ...of, signCount } })
  }

  /** Its owner deletes all keys in it. */
  async forgets(): Promise<void> {
    await this.#chromium.send('WebAuthn.clearCredentials', { authenticatorId: this.#id })
  }
}

/** Where browsers keep passkeys: this machine under its name. */
export function named(url: string): string {
  return url.replace('127.0.0.1', 'localhost')
}

/** Adds a passkey, on the page of passkeys. */
export async function addsPasskey(visitor: Visitor, device: Device, name: string): Promise<void> {
  await visitor.fills({ 'Name of the passkey': name })
  await device.touched(async () => {
    await visitor.presses('Add a passkey')
    await saved(visitor.page)
  })
}

/** Either the passkey is there, or its recovery codes are to be saved first. */
async function saved(page: Page): Promise<void> {
  await expect(page.getByText(/Updated: your passkey signs you in|Save your recovery codes/).first()).toBeVisible()
}

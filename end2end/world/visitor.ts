// Somebody at a browser, who knows what is on the screen and nothing else.

import { type Locator, type Page, expect } from '@playwright/test'

import type { Person } from './people.ts'
import type { Scripts } from './story.ts'

export class Visitor {
  readonly page: Page
  readonly #scripts: Scripts
  readonly #expected: RegExp[]

  constructor(page: Page, scripts: Scripts, expected: RegExp[]) {
    this.page = page
    this.#scripts = scripts
    this.#expected = expected
  }

  /** Whether pages react without being loaded anew. */
  get isLive(): boolean {
    return this.#scripts === 'run'
  }

  /** Opens an address, as if it was typed or came from a mail. */
  async opens(address: string): Promise<void> {
    await this.page.goto(address)
    await this.#arrives()
  }

  /** Sees a page with this title. */
  async sees(title: string | RegExp): Promise<void> {
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText(title)
    await this.#arrives()
  }

  /** Reads something on the page. */
  async reads(text: string | RegExp): Promise<void> {
    await expect(this.page.getByText(text).filter({ visible: true }).first()).toBeVisible()
  }

  /** Fills in fields, each by its label. */
  async fills(fields: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value)
  }

  /** Is told at a field what is wrong with it, and can mend it right away. */
  async isToldAt(label: string, problem: string | RegExp): Promise<void> {
    const field = this.field(label)
    await expect(field).toHaveAttribute('aria-invalid', 'true')
    await expect(field).toHaveAccessibleDescription(problem instanceof RegExp ? problem : new RegExp(escaped(problem)))
    await this.reads(problem)
  }

  /** A field, by its label. */
  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true }).and(this.page.locator('input, select, textarea'))
  }

  /** Presses a button. */
  async presses(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click()
  }

  /** Follows a link on the page. */
  async follows(name: string): Promise<void> {
    await this.page.getByRole('link', { name, exact: true }).click()
  }

  /** The next answers may be refusals of this kind: browsers write those to the console. */
  expectsRefusal(...statuses: number[]): void {
    for (const status of statuses) this.expectsComplaint(new RegExp(`the server responded with a status of ${status}\\b`))
  }

  /** The browser may complain like this. */
  expectsComplaint(complaint: RegExp): void {
    this.#expected.push(complaint)
  }

  /** Enters name and password on the sign-in page, and sends them. */
  async triesToSignIn({ email, password }: Pick<Person, 'email' | 'password'>, prefix = ''): Promise<void> {
    await this.triesToSignInAt(`${prefix}/login`, { email, password })
  }

  /** The same on the sign-in page that is at this address. */
  async triesToSignInAt(address: string, { email, password }: Pick<Person, 'email' | 'password'>): Promise<void> {
    await this.opens(address)
    await this.fills({ 'User name or email': email, Password: password })
    await this.presses('Sign in')
  }

  /** Signs in on the sign-in page as a customer, and is at home. */
  async signsIn(person: Pick<Person, 'email' | 'password'>, prefix = ''): Promise<void> {
    await this.triesToSignIn(person, prefix)
    await this.sees('Profile')
  }

  /** Signs in on the sign-in page as staff, and is at the start page. */
  async signsInAsStaff(person: Person): Promise<void> {
    await this.triesToSignIn(person)
    await this.sees(`Welcome, ${person.name}`)
  }

  /** Is a customer who has signed in, and opens a page, usually the profile. */
  async isSignedIn(person: Pick<Person, 'email' | 'password'>, to = '/account'): Promise<void> {
    await this.#isLetIn(person)
    await this.opens(to)
    if (to === '/account') await this.sees('Profile')
  }

  /** Is one of the staff who has signed in, and opens a page, usually the start page. */
  async comesAsStaff(person: Person, to = '/', door = ''): Promise<void> {
    await this.#isLetIn(person, door)
    await this.opens(to)
    if (to === '/') await this.sees(`Welcome, ${person.name}`)
  }

  /** Sends what the sign-in page would: stories that are not about signing in need not wait for it. */
  async #isLetIn({ email, password }: Pick<Person, 'email' | 'password'>, door = ''): Promise<void> {
    const answer = await this.page.request.post(`${door}/login`, {
      form: { _form: '/api/session/sign-in', name: email, password },
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      maxRedirects: 0,
    })
    expect(answer.status(), `${email} signs in`).toBe(303)
  }

  /** Is not let in, and told no more than anybody would be. */
  async isNotLetIn(): Promise<void> {
    await this.reads('Name and password do not fit together, or this account cannot sign in.')
    await expect(this.page).toHaveURL(/\/login(\?|$)/)
  }

  /** Asks for a link to a new password. */
  async forgets(name: string, prefix = ''): Promise<void> {
    await this.opens(`${prefix}/forgot`)
    await this.sees('Forgot your password?')
    await this.fills({ 'User name or email': name })
    await this.presses('Mail me a link')
    await this.sees('Check your mail')
  }

  /** Chooses a new password on the page of a link. */
  async chooses(password: string): Promise<void> {
    await this.sees('Choose a new password')
    await this.fills({ 'New password': password, 'Retype new password': password })
    await this.presses('Set new password')
    await this.sees('Your new password is set')
  }

  /** Loads the page again. */
  async reloads(): Promise<void> {
    await this.page.reload()
    await this.#arrives()
  }

  /** Goes back to the page before. */
  async goesBack(): Promise<void> {
    await this.page.goBack()
    await this.#arrives()
  }

  /** Once our code has taken the page over. */
  async #arrives(): Promise<void> {
    if (this.isLive) await this.page.locator('html[data-live]').waitFor({ state: 'attached' })
  }
}

/** Waits until a job has got so far; without code one has to look again. */
export async function until(visitor: Visitor, what: string): Promise<void> {
  const told = visitor.page.locator('main').getByText(what, { exact: true }).first()
  for (let look = 0; look < 100 && !(await told.isVisible()); look++) {
    if (visitor.isLive) await told.waitFor({ timeout: 2_000 }).catch(() => undefined)
    else await visitor.reloads()
  }
  await expect(told).toBeVisible()
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

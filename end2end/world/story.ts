// What every story is told with: a visitor with a browser, a customer, the mail that arrives; and a
// watch over the browser that fails the story for anything it complains about.

import { type BrowserContext, type Page, type TestInfo, test as base, expect } from '@playwright/test'

import { Comet } from './comet.ts'
import { Mailbox } from './mail.ts'
import { type Person, someAddress, someCustomer } from './people.ts'
import { type Receiver, receiver } from './receiver.ts'
import { type Server, type ServerName, world } from './servers.ts'
import { Visitor } from './visitor.ts'

export { expect }

/** Whether our scripts run: yes; no, the browser has JavaScript switched off; or it could not fetch them. */
export type Scripts = 'run' | 'off' | 'blocked'

interface Options {
  server: ServerName
  scripts: Scripts
}

interface Fixtures {
  rekey: Server
  mailbox: Mailbox
  /** A Comet Backup server of the story's own. */
  comet: Comet
  /** A system of the story's own that is told of what happens. */
  told: Receiver
  /** A customer of Northwind that no other story is about. */
  customer: Person
  /** Somebody at a browser. */
  visitor: Visitor
  /** Somebody else, at a browser of their own. */
  anotherVisitor: (options?: { language?: string }) => Promise<Visitor>
}

export const test = base.extend<Options & Fixtures>({
  server: ['sqlite', { option: true }],
  scripts: ['run', { option: true }],

  rekey: async ({ server }, use) => {
    const found = world().servers[server]
    if (!found) throw new Error(`there is no server on ${server}`)
    await use(found)
  },
  mailbox: async ({ server }, use) => use(new Mailbox(server)),
  comet: async ({}, use) => {
    const comet = await Comet.start()
    await use(comet)
    await comet.stop()
  },
  told: async ({}, use) => {
    const told = await receiver()
    await use(told)
    told.close()
  },
  customer: async ({ server }, use) => use(someCustomer(server)),

  baseURL: async ({ rekey }, use) => use(rekey.url),
  javaScriptEnabled: async ({ scripts }, use) => use(scripts !== 'off'),
  extraHTTPHeaders: async ({}, use) => use({ 'X-Forwarded-For': someAddress() }),

  visitor: async ({ page, scripts }, use, info) => {
    const watch = await Watch.over(page.context(), scripts)
    await use(new Visitor(page, scripts, watch.expected))
    watch.end(info)
  },

  anotherVisitor: async ({ browser, scripts, contextOptions, baseURL, viewport }, use, info) => {
    const watches: Watch[] = []
    const contexts: BrowserContext[] = []
    await use(async ({ language = 'en-GB' } = {}) => {
      const context = await browser.newContext({
        ...contextOptions,
        baseURL,
        viewport,
        locale: language,
        javaScriptEnabled: scripts !== 'off',
        extraHTTPHeaders: { 'X-Forwarded-For': someAddress() },
      })
      contexts.push(context)
      const watch = await Watch.over(context, scripts)
      watches.push(watch)
      return new Visitor(await context.newPage(), scripts, watch.expected)
    })
    for (const watch of watches) watch.end(info)
    for (const context of contexts) await context.close()
  },
})

const HASTE = /was preloaded using link preload but not used within a few seconds|^Autofocus processing was blocked because a document already has a focused element|^\[DOM\] Password forms should have \(optionally hidden\) username fields/

/** Watches one browser: whatever it writes to the console, scripts that fail, requests that do. */
class Watch {
  readonly complaints: string[] = []
  /** What a story provokes on purpose. */
  readonly expected: RegExp[] = []

  static async over(context: BrowserContext, scripts: Scripts): Promise<Watch> {
    const watch = new Watch()
    // Scripts that are not to run are fetched nevertheless, and told as failed.
    const blocked = (url: string) => scripts !== 'run' && /\.(js|wasm)$/.test(new URL(url).pathname)
    if (scripts === 'blocked') await context.route((url) => blocked(url.href), (route) => route.abort())
    context.on('console', (message) => {
      const { url } = message.location()
      if (scripts !== 'run' && /net::ERR_FAILED/.test(message.text())) return
      // Hints about pages that a visitor who is quicker than the browser has left, or has focused
      // already, or whose scripts start seconds late; on a slow machine everybody is, and all do.
      if (HASTE.test(message.text())) return
      watch.complaints.push(`${message.type()}: ${message.text()} (${url})`)
    })
    context.on('weberror', (error) => {
      const text = String(error.error())
      if (scripts === 'blocked' && /dynamically imported module/.test(text)) return
      watch.complaints.push(`error: ${text}`)
    })
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? ''
      if (blocked(request.url())) return
      // What was still on its way when the visitor went on to another page.
      if (reason === 'net::ERR_ABORTED') return
      watch.complaints.push(`failed: ${request.method()} ${request.url()} ${reason}`)
    })
    context.on('response', (response) => {
      if (response.status() >= 500) watch.complaints.push(`${response.status()}: ${response.url()}`)
    })
    return watch
  }

  end(info: TestInfo): void {
    // A story that failed says why by itself; the complaints may say more.
    const complaints = this.complaints.filter((text) => !this.expected.some((expected) => expected.test(text)))
    if (info.status === info.expectedStatus) expect(complaints, 'what the browser complained about').toEqual([])
    else if (complaints.length > 0) info.annotations.push({ type: 'browser', description: complaints.join('\n') })
  }
}

export type { Page }

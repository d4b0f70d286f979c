// Mail as it arrived at the mail server.

import { world } from './servers.ts'

export interface Mail {
  /** Whether the connection was encrypted. */
  secure: boolean
  to: string[]
  from: { name: string; address: string }
  subject: string
  messageId: string
  text: string
  html: string
  raw: string
}

/** What one Rekey has sent. Mail to one address is read in the order in which it came. */
export class Mailbox {
  readonly #read = new Map<string, number>()
  readonly #url: string

  constructor(server: string) {
    this.#url = `http://127.0.0.1:${world().mail.http}/${server}`
  }

  /** The next mail to an address, as soon as it is there. */
  async next(to: string): Promise<Mail> {
    const read = this.#read.get(to) ?? 0
    const [mail] = await this.#from(to, read)
    this.#read.set(to, read + 1)
    return mail!
  }

  /** The first mail to an address that mentions something: for those who get mail in other stories too. */
  async mentioning(to: string, what: string): Promise<Mail> {
    for (let read = 0; ; ) {
      const mails = await this.#from(to, read)
      const found = mails.find((mail) => mail.text.includes(what))
      if (found) return found
      read += mails.length
    }
  }

  /** Everything to an address that has come so far, the first `read` mails left out; waits for one at least. */
  async #from(to: string, read: number): Promise<Mail[]> {
    const answer = await fetch(`${this.#url}?${new URLSearchParams({ to, from: String(read) })}`)
    return (await answer.json()) as Mail[]
  }
}

/** The one link in a mail that leads to a page, the same in both of its parts. */
export function linkIn(mail: Mail, page: 'reset' | 'confirm' | 'forgot' | 'invitation' | 'keep' | 'keep-address' | 'new-address'): string {
  const links = (part: string) => new Set([...part.matchAll(/https?:\/\/[^\s"<>]+/g)].map(([link]) => link))
  const leading = (part: string) => [...links(part)].filter((link) => new URL(link).pathname.includes(`/${page}`))
  const [inText, inHtml] = [leading(mail.text), leading(mail.html)]
  if (inText.length !== 1 || inHtml.length !== 1 || inText[0] !== inHtml[0]) {
    throw new Error(`"${mail.subject}" should hold one link to /${page}: ${inText} | ${inHtml}`)
  }
  return inText[0]!
}

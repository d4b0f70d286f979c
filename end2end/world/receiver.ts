// A system of an organization's own, that is told of what happens.

import { once } from 'node:events'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A message that came. */
export interface Message {
  headers: Record<string, string>
  body: string
}

export interface Receiver {
  address: string
  messages: Message[]
  /** The statuses of the next answers; 204 once there are none. */
  answers: number[]
  close: () => void
}

/** A system that is told; it answers as it is asked to. */
export async function receiver(): Promise<Receiver> {
  const messages: Message[] = []
  const answers: number[] = []
  const flat = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (body += part))
    request.on('end', () => {
      messages.push({ headers: flat(request.headers), body })
      response.writeHead(answers.shift() ?? 204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${port}/events`, messages, answers, close: () => server.close() }
}

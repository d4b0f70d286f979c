// A mail server for the tests: it speaks SMTP over TCP on this machine only, encrypts with a
// certificate of its own making, wants a name and a password, and keeps what arrives.
//
//   node smtp.mjs FOLDER
//
// It writes FOLDER/ca.pem, the certificate to trust, and one line to standard output:
//
//   Ready: {"smtp": PORT, "http": PORT, "password": "…"}
//
// Mailboxes whose name begins with `bounce-` are not there. Every user name is welcome with that password and has a pile of mail of its own. A pile is read
// over HTTP: GET /USER?to=ADDRESS&from=N answers with the mails to that address from the Nth on,
// as soon as there is one.

import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import PostalMime from 'postal-mime'
import { generate } from 'selfsigned'
import { SMTPServer } from 'smtp-server'

const { positionals } = parseArgs({ allowPositionals: true })
if (positionals.length !== 1) {
  console.error('usage: node smtp.mjs FOLDER')
  process.exit(2)
}
const [folder] = positionals
const password = randomBytes(12).toString('hex')

/** All mail that came, oldest first. */
const mails = []
/** Those who wait for mail: called whenever some comes. */
const waiting = new Set()

// An authority and a certificate that it signed: one certificate for both is refused by clients.
const authority = await generate([{ name: 'commonName', value: 'Throwaway authority' }], {
  keyType: 'ec',
  algorithm: 'sha256',
  extensions: [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ],
})
const certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
  keyType: 'ec',
  algorithm: 'sha256',
  ca: { key: authority.private, cert: authority.cert },
})
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'ca.pem'), authority.cert)

const smtp = new SMTPServer({
  key: certificate.private,
  cert: certificate.cert,
  minVersion: 'TLSv1.2',
  authMethods: ['PLAIN', 'LOGIN'],
  // Whoever has not switched to TLS is not even asked for the password.
  allowInsecureAuth: false,
  disableReverseLookup: true,
  size: 1024 * 1024,
  onAuth({ username, password: given }, _session, done) {
    if (given === password) done(null, { user: username })
    else done(new Error('wrong name or password'))
  },
  // Some mailboxes are not there.
  onRcptTo({ address }, _session, done) {
    if (address.startsWith('bounce-')) done(Object.assign(new Error('5.1.1 no such mailbox'), { responseCode: 550 }))
    else done()
  },
  onData(stream, session, done) {
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () => {
      keep(Buffer.concat(chunks), session).then(() => done(null, 'kept'), done)
    })
  },
})
smtp.on('error', (error) => console.error(`smtp: ${error.message}`))

async function keep(raw, session) {
  const { subject, from, messageId, text, html, headers } = await PostalMime.parse(raw)
  const { user, secure, envelope } = session
  const to = envelope.rcptTo.map((mailbox) => mailbox.address.toLowerCase())
  mails.push({ user, secure, to, subject, from, messageId, text, html, headers, raw: raw.toString() })
  for (const tell of waiting) tell()
}

const http = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const user = pathname.slice(1)
  const to = searchParams.get('to')?.toLowerCase()
  const from = Number(searchParams.get('from') ?? 0)
  const answer = () => {
    const found = mails.filter((mail) => mail.user === user && (!to || mail.to.includes(to)))
    if (found.length <= from) return
    waiting.delete(answer)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(found.slice(from)))
  }
  waiting.add(answer)
  response.on('close', () => waiting.delete(answer))
  answer()
})

const port = (server) =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
const ports = { smtp: await port(smtp.server), http: await port(http) }
console.log(`Ready: ${JSON.stringify({ ...ports, password })}`)

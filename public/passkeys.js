// Passkeys: asks the browser for them, for forms that have a button for it. The answer goes into the form as
// the value of one of its fields, and the form does what it does with any other value: with and without
// WebAssembly. The server asks the questions and judges the answers (portal/src/passkeys.rs).

const page = document.documentElement
// Browsers refuse passkeys at addresses that are no names.
const bare = /^[\d.]+$|:/.test(location.hostname)
page.dataset.passkeys = bare ? 'bare' : globalThis.PublicKeyCredential ? 'yes' : 'no'

/** Questions at a sign-in page are over after ten minutes (PASSKEY_QUESTION_LIFE). */
const FRESH = 8 * 60_000
/** What of an answer the server looks at. */
const PARTS = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']

/** What the browser is doing: it does one thing at a time. */
let doing = new AbortController()
/** When it is asked anew. */
let timer

function bytes(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Gets a question from the server, and the answer of a device. */
async function ask({ passkey: path, link }, mediation) {
  doing.abort()
  clearTimeout(timer)
  doing = new AbortController()
  const { signal } = doing
  const body = new URLSearchParams(link ? { link } : {})
  const response = await fetch(path, { method: 'POST', headers: { Accept: 'application/json' }, body, signal })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  const { options, ticket } = await response.json()
  const publicKey = JSON.parse(options)
  publicKey.challenge = bytes(publicKey.challenge)
  for (const one of [...(publicKey.allowCredentials ?? []), ...(publicKey.excludeCredentials ?? [])]) one.id = bytes(one.id)
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id)
  const credential = publicKey.user
    ? await navigator.credentials.create({ publicKey, signal })
    : await navigator.credentials.get({ publicKey, mediation, signal })
  const parts = PARTS.filter((part) => credential.response[part])
  const given = Object.fromEntries(parts.map((part) => [part, text(credential.response[part])]))
  const { id, rawId, type } = credential
  return JSON.stringify({ ticket, credential: { id, rawId: text(rawId), type, response: given } })
}

/** The form that is being sent with an answer. */
let sending

/** Sends a form with the answer in one of its fields. */
function send(form, field, answer) {
  const fill = (event) => event.formData.set(field, answer)
  form.addEventListener('formdata', fill)
  sending = form
  form.requestSubmit()
  sending = undefined
  form.removeEventListener('formdata', fill)
}

/** Where nothing but a passkey can be sent, the enter key presses the button. */
function press(event) {
  const button = event.target.querySelector('button[data-passkey-only]')
  if (!button || sending === event.target) return
  event.preventDefault()
  button.click()
}
document.addEventListener('submit', press, { capture: true })

/** Says under the button what went wrong, or nothing. */
function say(button, sentence) {
  const place = button.parentElement.querySelector('[data-passkey-said]')
  if (place) place.textContent = sentence
}

document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('button[data-passkey]')
  if (!button || button.getAttribute('aria-busy')) return
  say(button, '')
  button.setAttribute('aria-busy', 'true')
  try {
    send(button.form, button.dataset.field, await ask(button.dataset))
  } catch (error) {
    // InvalidStateError: the device has one already. The rest is not told apart, on purpose.
    say(button, error.name === 'InvalidStateError' ? button.dataset.there : button.dataset.failed)
    offer()
  } finally {
    button.removeAttribute('aria-busy')
  }
})

/** Has the browser offer passkeys among the names that it fills in, as long as the page is open. */
async function offer() {
  const button = document.querySelector('button[data-passkey-offer]')
  if (!button || page.dataset.passkeys !== 'yes') return
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  const asking = ask(button.dataset, 'conditional')
  timer = setTimeout(offer, FRESH)
  try {
    send(button.form, button.dataset.field, await asking)
  } catch {
    // Another request took its place, or nobody chose one: the button is still there.
  }
}

offer()

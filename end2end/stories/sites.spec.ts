import { linkIn } from '../world/mail.ts'
import { someCustomer } from '../world/people.ts'
import { expect, test } from '../world/story.ts'

test('another reseller’s customer stays at that reseller’s door, start to end', { tag: '@journey' }, async ({
  visitor,
  server,
  mailbox,
}) => {
  const customer = someCustomer(server, 'contoso')
  await visitor.opens('/s/contoso/login')
  await visitor.reads('Contoso Cloud')
  await visitor.follows('Forgot password?')
  await expect(visitor.page).toHaveURL('/s/contoso/forgot')
  await visitor.fills({ 'User name or email': customer.email })
  await visitor.presses('Mail me a link')
  await visitor.sees('Check your mail')
  await expect(visitor.page).toHaveTitle(/Contoso Cloud$/)

  const mail = await mailbox.next(customer.email)
  expect(mail.subject).toBe('Choose a new password for Contoso Cloud')
  expect(mail.from.name).toBe('Contoso Cloud')
  expect(mail.text).not.toContain('Northwind')
  const link = linkIn(mail, 'reset')
  expect(new URL(link).pathname).toMatch(/^\/s\/contoso\/reset\//)
  await visitor.opens(link)
  await visitor.chooses('velvet tractor umbrella nine')
  await visitor.follows('Sign in')
  await expect(visitor.page).toHaveURL('/s/contoso/login')
  await visitor.sees('Sign in')
  await visitor.fills({ 'User name or email': customer.email, Password: 'velvet tractor umbrella nine' })
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
  await expect(visitor.page).toHaveURL('/account')
  await expect(visitor.page.getByRole('banner')).toContainText('Contoso Cloud')
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')
  await expect(visitor.page).toHaveURL('/s/contoso/login')

  const dispute = linkIn(await mailbox.next(customer.email), 'confirm')
  expect(new URL(dispute).pathname).toMatch(/^\/s\/contoso\/confirm\//)
  await visitor.opens(dispute)
  await visitor.reads('Contoso Cloud')
  await visitor.presses('It was not me: freeze the account')
  await visitor.sees('The account is frozen')
  expect(linkIn(await mailbox.next(customer.email), 'forgot')).toBe(`${new URL(link).origin}/s/contoso/forgot`)
})

test('a customer of one reseller is a stranger at another’s door', async ({ visitor, customer }) => {
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn(customer, '/s/contoso')
  await visitor.isNotLetIn()
  await expect(visitor.page).toHaveURL('/s/contoso/login')
})

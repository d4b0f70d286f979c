import { expect, test } from '../world/story.ts'

test('customers come to their account, and leave by the door they came in', { tag: '@journey' }, async ({ visitor, customer }) => {
  await visitor.signsIn(customer)
  await expect(visitor.page).toHaveURL('/account')
  await expect(visitor.field('Name')).toHaveValue(customer.name)
  await expect(visitor.field('Email address')).toHaveValue(customer.email)
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')

  // What was on the screen is not there for who comes next.
  await visitor.page.goBack()
  await visitor.sees('Sign in')
  await visitor.opens('/account/security')
  await visitor.sees('Sign in')
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.presses('Sign in')
  await visitor.sees('Security')
  await expect(visitor.page).toHaveURL('/account/security')
})

test('staff come to the start page', { tag: '@journey' }, async ({ visitor }) => {
  await visitor.triesToSignIn({ email: 'ada@northwind.example', password: 'harbour lantern mosaic' })
  await visitor.sees('Welcome, Ada Quist')
  await expect(visitor.page).toHaveURL('/')
  await visitor.reads('Your role at Northwind Backup: auditor.')
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')
})

test('whatever is wrong with a sign-in, the answer is the same', async ({ visitor, anotherVisitor, customer }) => {
  const answers: string[] = []
  for (const [why, email, password] of [
    ['a wrong password', customer.email, 'not the password at all'],
    ['nobody of that name', 'nobody@nowhere.example', customer.password],
    ['not even a name', 'what is this?', customer.password],
    ['locked by staff', 'lou@lakeside.example', customer.password],
    ['known at another site only', 'carla@contoso.example', customer.password],
    ['a password longer than any', customer.email, 'x'.repeat(2000)],
  ] as const) {
    await test.step(why, async () => {
      const stranger = await anotherVisitor()
      stranger.expectsRefusal(422)
      await stranger.triesToSignIn({ email, password })
      await stranger.isNotLetIn()
      await expect(stranger.field('User name or email')).toHaveValue(email)
      if (!stranger.isLive) {
        await expect(stranger.field('Password')).toHaveValue('')
        expect(await stranger.page.content()).not.toContain('not the password at all')
      }
      answers.push(await stranger.page.getByRole('alert').innerText())
    })
  }
  expect(new Set(answers).size).toBe(1)
  // None of it has locked anybody out.
  await visitor.signsIn(customer)
})

test('what is left out is asked for, beside its field', { tag: '@phone' }, async ({ visitor }) => {
  visitor.expectsRefusal(422)
  await visitor.triesToSignIn({ email: '', password: '' })
  await visitor.isToldAt('User name or email', 'Please fill this in.')
  await expect(visitor.field('User name or email')).toBeFocused()
  await visitor.triesToSignIn({ email: 'nobody@nowhere.example', password: '' })
  await visitor.isToldAt('Password', 'Please fill this in.')
  await expect(visitor.field('Password')).toBeFocused()
  await expect(visitor.field('User name or email')).toHaveValue('nobody@nowhere.example')
})

test('a session is kept when asked for', async ({ visitor, customer }) => {
  const session = async () => (await visitor.page.context().cookies()).find((cookie) => cookie.name === 'rekey')
  await visitor.signsIn(customer)
  expect(await session()).toMatchObject({ expires: -1, httpOnly: true, sameSite: 'Lax', path: '/' })
  await visitor.presses('Sign out')
  await visitor.sees('Sign in')
  expect(await session()).toBeUndefined()

  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.page.getByLabel('Keep me signed in on this device').check()
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
  const days = ((await session())!.expires - Date.now() / 1000) / 86_400
  expect(days).toBeCloseTo(14, 1)
})

test('nobody is led away from here', async ({ visitor, customer }) => {
  await visitor.opens('/login?next=https://evil.example/')
  await visitor.fills({ 'User name or email': customer.email, Password: customer.password })
  await visitor.presses('Sign in')
  await visitor.sees('Profile')
  await expect(visitor.page).toHaveURL('/account')
})

test('who comes from far away reads what happened with a form that is too large', async ({ visitor }) => {
  await visitor.opens('/login')
  visitor.expectsRefusal(413)
  await visitor.fills({ 'User name or email': 'x'.repeat(100_000), Password: 'harbour lantern mosaic' })
  await visitor.presses('Sign in')
  await visitor.reads(/That is too large|The form arrived damaged/)
})

test('an address that leads nowhere says so', async ({ visitor, customer }) => {
  visitor.expectsRefusal(404)
  for (const path of ['/nothing/here', '/s/nobody/login', '/account/secrets', '/s/contoso/nothing']) {
    const answer = await visitor.page.goto(path)
    expect(answer!.status(), path).toBe(404)
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(/There is nothing here|Page not found/)
  }
  await visitor.opens('/nothing/here')
  await visitor.sees('There is nothing here')
  await visitor.follows('To the sign-in page')
  await visitor.sees('Sign in')
  await visitor.signsIn(customer)
})

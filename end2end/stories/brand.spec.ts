// A reseller's own name, colour and letters: at its door from the first byte on, and nowhere else.

import { alone } from '../world/people.ts'
import { expect, test } from '../world/story.ts'

const CARLA = { name: 'Carla Montez', email: 'carla@contoso.example', password: 'harbour lantern mosaic' }
const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }
const GREEN = '#0a6b4f'

test('a brand shows at its own door from the first byte, and nowhere else', { tag: ['@phone', '@journey'] }, async ({ visitor, anotherVisitor, server }) => {
  await alone(server, 'the brand of Contoso', async () => {
    await visitor.comesAsStaff(CARLA, '/organization/brand', '/s/contoso')
    await visitor.sees('Brand')
    await visitor.fills({ 'Your own password': CARLA.password })
    await visitor.presses('Continue')
    const marks = visitor.page.locator('svg.preview > rect').filter({ visible: true })
    visitor.expectsRefusal(422)
    await visitor.fills({ Colour: '#9adfc8', Privacy: 'contoso.example/privacy' })
    await visitor.presses('Save')
    await visitor.isToldAt('Colour', /could not be read on light pages. The nearest that can is #[0-9a-f]{6}/)
    await visitor.isToldAt('Privacy', 'Please enter an address that begins with https://')
    await visitor.fills({ Colour: GREEN, Privacy: 'https://contoso.example/privacy' })
    await visitor.field('Corners').selectOption({ label: 'Round' })
    if (visitor.isLive) await expect(marks.nth(1)).toHaveAttribute('fill', GREEN)
    await visitor.presses('Save')
    await visitor.reads('The brand is saved.')
    await expect(marks.nth(1)).toHaveAttribute('fill', GREEN)

    // Whoever comes by now, without any script of ours having run.
    const page = async (path: string) => (await visitor.page.request.get(path)).text()
    expect(await page('/s/contoso/login')).toContain(`--color-primary:${GREEN}`)
    expect(await page('/login')).not.toContain(GREEN)
    const customer = await anotherVisitor()
    await customer.opens('/s/contoso/login')
    await expect(customer.page.getByRole('button', { name: 'Sign in', exact: true })).toHaveCSS('background-color', 'rgb(10, 107, 79)')
    await expect(customer.page.getByRole('link', { name: 'Privacy' })).toHaveAttribute('href', 'https://contoso.example/privacy')
    await customer.opens('/login')
    await expect(customer.page.getByRole('button', { name: 'Sign in', exact: true })).not.toHaveCSS('background-color', 'rgb(10, 107, 79)')
    await expect(customer.page.getByRole('link', { name: 'Privacy' })).toBeHidden()
    // Once signed in, one is at one's own front door, whatever the address says.
    await visitor.opens('/customers')
    expect(await page('/customers')).toContain(`--color-primary:${GREEN}`)

    await visitor.opens('/organization/brand')
    await visitor.fills({ Colour: '', Privacy: '' })
    await visitor.field('Corners').selectOption({ label: 'Slightly round' })
    await visitor.presses('Save')
    await visitor.reads('The brand is saved.')
    expect(await page('/s/contoso/login')).not.toContain(GREEN)
  })
})

test('who shares the sign-in page of another one is told whose it is', async ({ visitor }) => {
  await visitor.comesAsStaff(FREYA, '/organization/brand')
  await visitor.reads('The sign-in page is that of Northwind Backup.')
  await expect(visitor.page.getByRole('button', { name: 'Save' })).toBeHidden()
})

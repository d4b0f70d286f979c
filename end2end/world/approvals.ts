// What nobody does alone: where a second person agrees.

import type { Person } from './people.ts'
import type { Visitor } from './visitor.ts'

export const FREYA = { name: 'Freya Nordahl', email: 'freya@fjord.example', password: 'harbour lantern mosaic' }

/** Freya says whether a second person has to agree. */
export async function decides(freya: Visitor, choice: string): Promise<void> {
  await freya.opens('/organization/policy/second_approver')
  if (await freya.field('Your own password').isVisible()) {
    await freya.fills({ 'Your own password': FREYA.password })
    await freya.presses('Continue')
    await freya.reads('Your own value')
  }
  await freya.page.locator('#value').selectOption({ label: choice })
  await freya.presses('Save')
  await freya.reads('Saved: A second person agrees.')
}

/** An admin comes to where the factor of a colleague is removed. */
export async function comesToColleague(desk: Visitor, admin: Person, colleague: Person): Promise<void> {
  await desk.comesAsStaff(admin, '/organization/staff')
  await desk.page.getByRole('listitem').filter({ hasText: colleague.email }).getByRole('link').click()
  await desk.sees(colleague.name)
  await desk.follows('Remove lost factor')
  await desk.sees('Remove lost factor')
  await desk.fills({ 'Your own password': admin.password })
  await desk.presses('Continue')
  await desk.reads('Nobody removes a second factor of staff alone here')
}

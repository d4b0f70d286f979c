// Pages as they look, light and dark, wide and narrow: nothing that a person with a screen reader,
// with weak eyes or with a small phone would stumble over. The pictures are in shots/.

import { join } from 'node:path'

import { AxeBuilder } from '@axe-core/playwright'

import { type Page, expect, test as base } from './story.ts'
import type { Visitor } from './visitor.ts'

export { expect }

const SHOTS = join(import.meta.dirname, '../shots')
const WIDE = { width: 1280, height: 800 }
const SIZES = [WIDE, { width: 390, height: 844 }]
const NARROWEST = { width: 320, height: 640 }
/** What axe knows about colours. */
const COLOURS = ['color-contrast', 'link-in-text-block']
/** Below this, nobody sees a page jump; a hundred times as much is still called good (web.dev/cls). */
const STEADY = 0.001
/** Pages that none of our code takes over. */
const STILL = new Set(['developers'])

type Violation = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'][number]

interface Looks {
  /** Looks closely at the page that is open, which has this name among the pictures. */
  looks: (name: string, at?: Visitor) => Promise<void>
}

/** A walk from page to page. What is wrong with one of them does not hide the others. */
export const walk = base.extend<Looks>({
  visitor: async ({ visitor }, use) => {
    await watchShifts(visitor.page)
    await use(visitor)
  },
  anotherVisitor: async ({ anotherVisitor }, use) =>
    use(async (options) => {
      const visitor = await anotherVisitor(options)
      await watchShifts(visitor.page)
      return visitor
    }),
  looks: async ({ visitor, scripts }, use) => {
    await use((name, at = visitor) => base.step(name, () => look(name, at, scripts === 'run')))
  },
})

/** What is wrong is told at the end, with whatever is wrong elsewhere. */
const soft = expect.configure({ soft: true })

async function look(name: string, { page }: Visitor, scripted: boolean): Promise<void> {
  if (scripted && !STILL.has(name)) {
    const { sum, what } = await shifts(page)
    soft(sum, `${name}: nothing jumps when our code takes the page over: ${what.join('; ')}`).toBeLessThan(STEADY)
  }
  soft(await moving(page), `${name}: nothing moves for those who asked for calm`).toEqual([])
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const size of SIZES) {
      const whole = (colorScheme === 'light') === (size === WIDE)
      // Without our scripts the same page came over the wire: what is told of its colours holds for it.
      if (!scripted && !(whole && colorScheme === 'light')) continue
      await page.setViewportSize(size)
      const file = `${name}${scripted ? '' : '-plain'}-${colorScheme}-${size.width}.png`
      await page.screenshot({ path: join(SHOTS, file), fullPage: true })
      // All of it for each colour scheme and each width; once more only what the two decide together.
      const { violations } = await axe(page, whole ? undefined : COLOURS)
      const found = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => `${node.html} ${node.failureSummary}`) }))
      soft(found, `${name}, ${colorScheme}, ${size.width} px`).toEqual([])
    }
  }
  await page.setViewportSize(NARROWEST)
  soft(await tooWide(page), `${name}: at ${NARROWEST.width} px one need not scroll sideways`).toEqual([])
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize(WIDE)
}

/** What sticks out at the right. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    // Those that stick out, not what they are in.
    const all = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width)
    const inmost = all.filter((element) => !all.some((other) => other !== element && element.contains(other)))
    return inmost.map((element) => `${element.outerHTML.slice(0, 160)}: to ${element.getBoundingClientRect().right} px`)
  })
}

/** Whatever axe knows to look for. It need not tell what is well, nor look into frames of others: there are none. */
function axe(page: Page, rules?: string[]): Promise<{ violations: Violation[] }> {
  const runOnly = rules && ({ type: 'rule', values: rules } as const)
  return new AxeBuilder({ page }).options({ resultTypes: ['violations'], runOnly }).setLegacyMode().analyze()
}

/** By how much a page jumped, and what in it. */
interface Shifts {
  sum: number
  what: string[]
  over: boolean
}

/** Has every page sum up by how much it jumps, from its first byte until our code has taken it over. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    interface Shift extends PerformanceEntry {
      value: number
      hadRecentInput: boolean
      sources: { node?: Element; previousRect: DOMRect; currentRect: DOMRect }[]
    }
    const shifts: Shifts = { sum: 0, what: [], over: false }
    Object.assign(window, { shifts })
    const at = ({ x, y, width, height }: DOMRect) => `${x},${y} ${width}×${height}`
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        // What somebody has just asked for may move things.
        if (shifts.over || entry.hadRecentInput) continue
        shifts.sum += entry.value
        for (const { node, previousRect, currentRect } of entry.sources) {
          shifts.what.push(`${node?.outerHTML?.slice(0, 80) ?? node?.nodeName} from ${at(previousRect)} to ${at(currentRect)}`)
        }
      }
    }).observe({ type: 'layout-shift', buffered: true })
    const drawn = () => new Promise(requestAnimationFrame)
    new MutationObserver(async () => {
      if (!document.documentElement?.hasAttribute('data-live')) return
      // What the take-over has changed is drawn, and told of, in the frames to come.
      await drawn()
      await drawn()
      await drawn()
      shifts.over = true
    }).observe(document, { attributes: true, subtree: true })
  })
}

async function shifts(page: Page): Promise<Shifts> {
  const jumped = () => (window as unknown as { shifts: Shifts }).shifts
  await expect.poll(async () => (await page.evaluate(jumped)).over).toBe(true)
  return page.evaluate(jumped)
}

/** What takes time to change or moves by itself. */
function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const long = (durations: string) => durations.split(',').some((one) => parseFloat(one) > 0.01)
    const all = [...document.querySelectorAll('*')].filter((element) => {
      const { transitionDuration, animationDuration, animationName } = getComputedStyle(element)
      return long(transitionDuration) || (animationName !== 'none' && long(animationDuration))
    })
    return all.map((element) => element.outerHTML.slice(0, 120))
  })
}

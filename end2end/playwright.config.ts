import { type Project, defineConfig } from '@playwright/test'

import { postgres } from './world/servers.ts'
import type { Scripts } from './world/story.ts'

const DESKTOP = { viewport: { width: 1280, height: 800 } }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }

/** Pages at rest, for pictures. */
const STILL = { ...DESKTOP, contextOptions: { reducedMotion: 'reduce' } } as const

/** Stories about the product, told on this server, with or without our scripts: those that have one of the tags `only`, if there are any, and none of the tags `but`. */
function stories(
  server: 'sqlite' | 'unscripted' | 'postgres',
  scripts: Scripts,
  size: 'desktop' | 'phone',
  tags: { only?: RegExp; but?: RegExp },
): Project {
  return {
    name: `${server === 'postgres' ? server : 'sqlite'}, scripts ${scripts}, ${size}`,
    testIgnore: ['looks/**', 'demo.spec.ts', ...(scripts === 'run' ? [] : ['live.spec.ts'])],
    grep: tags.only,
    grepInvert: [server !== 'postgres' && /@postgres/, scripts !== 'run' && /@live/, tags.but].filter((tag) => tag instanceof RegExp),
    use: { server, scripts, ...(size === 'phone' ? PHONE : DESKTOP) },
  }
}

export default defineConfig<{ server: string; scripts: Scripts }>({
  testDir: 'stories',
  globalSetup: './world/servers.ts',
  outputDir: 'test-results/stories',
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  // A machine that others share stalls now and then, and a browser with it. A story that fails once is
  // told again; that it was, and why, is said at the end (scripts/test.sh).
  retries: 1,
  expect: { timeout: 10_000 },
  reporter: [['list', { printSteps: false }]],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    // Pictures say most; a trace of every step costs a third of the time (npx playwright test --trace on).
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.REKEY_TEST_CHROMIUM ?? '/usr/bin/chromium-headless-shell',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    // Each story is told with scripts, and where all that can be otherwise is: without them, on a phone
    // and on PostgreSQL for journeys, without them alone for others. On a phone with scripts, those in
    // which it may have a part.
    stories('sqlite', 'run', 'desktop', {}),
    stories(postgres ? 'postgres' : 'sqlite', 'run', 'phone', { only: /@journey|@phone|@postgres/ }),
    stories(postgres ? 'postgres' : 'unscripted', 'off', 'phone', { only: /@journey|@postgres/ }),
    stories('unscripted', 'off', 'desktop', { but: /@journey/ }),
    // Walks through many pages, looked at closely.
    { name: 'looks, scripts run', testMatch: 'looks/**', timeout: 180_000, use: { server: 'looks', scripts: 'run', ...STILL } },
    // axe needs JavaScript: here it is on, and ours does not arrive.
    { name: 'looks, scripts blocked', testMatch: 'looks/**', timeout: 180_000, use: { server: 'plain', scripts: 'blocked', ...STILL } },
    { name: 'demo, scripts run', testMatch: 'demo.spec.ts', use: { server: 'demo', scripts: 'run', ...DESKTOP } },
  ],
})

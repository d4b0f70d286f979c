import { type Project, defineConfig } from '@playwright/test'

import { postgres } from './world/servers.ts'
import type { Scripts } from './world/story.ts'

const DESKTOP = { viewport: { width: 1280, height: 800 } }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }

/** Pages at rest, for pictures. */
const STILL = { ...DESKTOP, contextOptions: { reducedMotion: 'reduce' } } as const

/** Stories about the product, told on this server, with or without our scripts. */
function stories(server: 'sqlite' | 'unscripted' | 'postgres', scripts: Scripts, size: 'desktop' | 'phone'): Project {
  // All of them at a desk, on SQLite; elsewhere those in which the difference may have a part.
  const told = server === 'postgres' ? /@journey|@postgres/ : size === 'phone' ? /@journey|@phone/ : undefined
  return {
    name: `${server === 'postgres' ? server : 'sqlite'}, scripts ${scripts}, ${size}`,
    testIgnore: ['looks/**', 'demo.spec.ts', ...(scripts === 'run' ? [] : ['live.spec.ts'])],
    grep: told,
    grepInvert: [server !== 'postgres' && /@postgres/, scripts !== 'run' && /@live/].filter((tag) => tag !== false),
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
      executablePath: process.env.REKEY_TEST_CHROMIUM ?? '/usr/bin/chromium',
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
    stories('sqlite', 'run', 'desktop'),
    stories('sqlite', 'run', 'phone'),
    stories('unscripted', 'off', 'desktop'),
    // On a phone without scripts: on PostgreSQL alone, where there is one.
    ...(postgres ? [stories('postgres', 'run', 'desktop'), stories('postgres', 'off', 'phone')] : [stories('unscripted', 'off', 'phone')]),
    // Walks through many pages, looked at closely.
    { name: 'looks, scripts run', testMatch: 'looks/**', timeout: 180_000, use: { server: 'looks', scripts: 'run', ...STILL } },
    // axe needs JavaScript: here it is on, and ours does not arrive.
    { name: 'looks, scripts blocked', testMatch: 'looks/**', timeout: 180_000, use: { server: 'plain', scripts: 'blocked', ...STILL } },
    { name: 'demo, scripts run', testMatch: 'demo.spec.ts', use: { server: 'demo', scripts: 'run', ...DESKTOP } },
  ],
})

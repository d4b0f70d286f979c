// npm run picture: makes docs/picture.png anew, from the pages as they are.

import { defineConfig } from '@playwright/test'

import config from './playwright.config.ts'

export default defineConfig({
  ...config,
  testDir: '.',
  testMatch: 'picture.ts',
  projects: [{ name: 'picture', use: { server: 'sqlite', scripts: 'run' } as object }],
})

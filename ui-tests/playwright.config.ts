import { defineConfig } from '@playwright/test';

/**
 * One server for each situation that a channel can be in; serve.py makes it. A test file belongs to the
 * situation that it is named after: `slow.cancel.spec.ts` runs against `slow`.
 */
const SITUATIONS = ['real', 'slow', 'unreachable'];
const FIRST_PORT = Number(process.env.TFENV_UI_PORT ?? 8990);
const PYTHON = process.env.TFENV_PYTHON ?? '../.venv/bin/python';

const url = (index: number) => `http://localhost:${FIRST_PORT + index}`;

export default defineConfig({
  testDir: 'tests',
  forbidOnly: !!process.env.CI,
  // The screenshots of docs/images are taken on demand: `make images`.
  grep: process.env.TFENV_IMAGES ? /@images/ : undefined,
  grepInvert: process.env.TFENV_IMAGES ? undefined : /@images/,
  // The tests of one situation share its server and environments.
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  // Both are where scripts/test.py reads them.
  outputDir: '../.reports/galata',
  reporter: [['list'], ['junit', { outputFile: '../.reports/galata.xml' }]],
  use: {
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    video: 'off',
    launchOptions: {
      // Unset: Playwright's own.
      executablePath: process.env.TFENV_BROWSER || undefined,
      // Chromium's sandbox does not work for root.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : []
    }
  },
  projects: SITUATIONS.map((name, index) => ({
    name,
    testMatch: `${name}.*.spec.ts`,
    use: { baseURL: url(index) }
  })),
  webServer: SITUATIONS.map((name, index) => ({
    name,
    command: `exec ${PYTHON} serve.py ${name} ${FIRST_PORT + index}`,
    url: `${url(index)}/lab`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 }
  }))
});

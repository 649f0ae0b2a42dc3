import { defineConfig } from '@playwright/test';

/**
 * Situations of a channel. serve.py starts a server for each. The name of a test file begins with its situation:
 * `slow.cancel.spec.ts` runs against `slow`.
 */
const SITUATIONS = (
  process.env.TFENV_SITUATIONS ?? 'real small slow unreachable'
).split(' ');
const FIRST_PORT = Number(process.env.TFENV_UI_PORT ?? 8990);
const PYTHON = process.env.TFENV_PYTHON ?? '../.venv/bin/python';

const url = (index: number) => `http://localhost:${FIRST_PORT + index}`;

export default defineConfig({
  testDir: 'tests',
  forbidOnly: !!process.env.CI,
  // The screenshots in docs/images are taken only on demand: `make images`.
  grep: process.env.TFENV_IMAGES ? /@images/ : undefined,
  grepInvert: process.env.TFENV_IMAGES ? undefined : /@images/,
  // The tests of one situation share its server and environments.
  fullyParallel: false,
  workers: 1,
  retries: 0,
  // Another suite runs beside this one, on perhaps two processors.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  // scripts/test.py reads both from there.
  outputDir: '../.reports/galata',
  reporter: [['list'], ['junit', { outputFile: '../.reports/galata.xml' }]],
  use: {
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    video: 'off',
    launchOptions: {
      // If unset, Playwright uses its own browser.
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

/**
 * Measure the panel in a browser and print the results as JSON: `node panel.mjs URL ENVIRONMENT SECONDS BROWSER`.
 *
 * The server at URL has a thousand environments. ENVIRONMENT is the id of one that has a thousand packages.
 */
/* global URL, console, document, Event, performance, process, requestAnimationFrame, window */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../ui-tests/', import.meta.url));
const { chromium } = require('playwright-core');

const [url, large, seconds, executablePath] = process.argv.slice(2);
/** The list and the details are painted, and scrolled through, this often; the medians count. */
const ROUNDS = 5;
const CATEGORIES = [
  'toplevel',
  'blink.user_timing',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline'
];

const browser = await chromium.launch({
  executablePath: executablePath || undefined,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : []
});
try {
  console.log(JSON.stringify(await measure()));
} finally {
  await browser.close();
}

async function measure() {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 }
  });
  let requests = 0;
  page.on('request', request => {
    requests += Number(request.url().includes('/tfenv-lab/'));
  });
  await page.goto(url);
  await page.waitForFunction(() => window.jupyterapp?.restored);
  await page.evaluate(() => window.jupyterapp.restored);
  // Whatever else JupyterLab does when it starts is over.
  await page.waitForLoadState('networkidle');
  const execute = (command, args) =>
    page.evaluate(
      ([name, options]) => {
        performance.mark('begin');
        return window.jupyterapp.commands.execute(name, options);
      },
      [command, args]
    );
  const found = {};

  const list = '.jp-TfenvRow';
  const first = await trace(page, () => paint(page, list, openPanel));
  found['list, first opened'] = first.painted;
  const body = '.jp-TfenvBody';
  const opened = [];
  for (let round = 0; round < ROUNDS; round++) {
    await closePanel(page);
    opened.push(
      (await trace(page, () => paint(page, list, openPanel))).painted
    );
  }
  found['list, opened again'] = median(opened);
  found['list, longest task while scrolling'] = await scrolling(page, body);

  const details = [];
  const table = '.jp-TfenvPackages tr';
  for (let round = 0; round < ROUNDS; round++) {
    details.push(
      (
        await trace(page, () =>
          paint(page, table, () =>
            execute('tfenv_lab:show-environment', {
              environment: large,
              tab: 'packages'
            })
          )
        )
      ).painted
    );
    found['details, longest task while scrolling'] ??= await scrolling(
      page,
      table
    );
    await page.keyboard.press('Escape');
    await page.waitForSelector(list);
  }
  found['details of 1,000 packages'] = median(details);

  const minute = async () => {
    requests = 0;
    await page.waitForTimeout(Number(seconds) * 1000);
    return (requests * 60) / Number(seconds);
  };
  found['requests a minute, panel open'] = await minute();
  await closePanel(page);
  found['requests a minute, panel closed'] = await minute();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  found['requests a minute, page hidden'] = await minute();
  return found;
}

async function openPanel(page) {
  await page.evaluate(() => {
    performance.mark('begin');
    window.jupyterapp.shell.activateById('tfenv-lab-panel');
  });
}

async function closePanel(page) {
  await page.evaluate(() => window.jupyterapp.shell.collapseLeft());
  await page.waitForSelector('.jp-TfenvPanel', { state: 'hidden' });
}

/** Do something that marks its beginning, and mark when an element can be seen, then wait until it is painted. */
async function paint(page, selector, work) {
  await page.evaluate(wanted => {
    window.shown = new Promise(resolve => {
      const look = () => {
        if (
          performance.getEntriesByName('begin').length > 0 &&
          document.querySelector(wanted)?.getClientRects().length
        ) {
          performance.mark('there');
          performance.clearMarks();
          // The frame after the next one begins when the next one is painted.
          requestAnimationFrame(() => requestAnimationFrame(resolve));
        } else {
          requestAnimationFrame(look);
        }
      };
      requestAnimationFrame(look);
    });
  }, selector);
  await work(page);
  await page.evaluate(() => window.shown);
}

/** Return the processor time of the longest task, in milliseconds, while the user scrolls with the wheel. */
async function scrolling(page, selector) {
  await page.locator(selector).first().hover();
  const { longest } = await trace(page, async () => {
    for (let step = 0; step < 60; step++) {
      await page.mouse.wheel(0, 800);
      await page.waitForTimeout(16);
    }
  });
  return longest;
}

/** Trace the page while something happens; return the milliseconds to the paint, and the processor time of the longest task. */
async function trace(page, work) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const marks = Object.fromEntries(
    traceEvents
      .filter(event => event.cat?.includes('blink.user_timing'))
      .map(event => [event.name, event])
  );
  const thread = traceEvents.find(
    event =>
      event.name === 'thread_name' && event.args.name === 'CrRendererMain'
  );
  const tasks = traceEvents.filter(
    event =>
      event.name.endsWith('RunTask') &&
      event.pid === thread?.pid &&
      event.tid === thread?.tid
  );
  const paints = traceEvents.filter(
    event => event.name === 'Paint' && event.ts >= (marks.there?.ts ?? Infinity)
  );
  const end = Math.min(...paints.map(event => event.ts + (event.dur ?? 0)));
  return {
    painted:
      marks.begin && paints.length ? (end - marks.begin.ts) / 1000 : null,
    longest: Math.max(0, ...tasks.map(event => event.tdur ?? 0)) / 1000
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

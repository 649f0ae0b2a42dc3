import { readFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';

import { brokenWords } from '../accessibility';
import { Panel } from '../panel';

const NAME = 'deutsch';

/** The German texts, by the English ones. */
const CATALOG = JSON.parse(
  readFileSync(
    join(__dirname, '../../tfenv_lab/locale/de_DE/LC_MESSAGES/tfenv_lab.json'),
    'utf-8'
  )
) as Record<string, string[]>;
// The settings of the catalog are below the empty text.
delete CATALOG[''];

/** Return the German text for an English one. */
function german(text: string): string {
  expect(CATALOG[text], text).toBeTruthy();
  return CATALOG[text][0];
}

/** English texts of at least two words that German does not share, with anything in place of their parameters. */
const ENGLISH = Object.entries(CATALOG)
  .filter(
    ([text, [translation]]) =>
      text !== translation && /[A-Za-z]{2,} [a-z]{2,}/.test(text)
  )
  .map(([text]) => {
    const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${escaped.replace(/\\\{\w+\\\}|%\d/g, '.+')}$`);
  });

/** Return the texts, names and captions of the panel that are English ones of ours. */
async function englishTexts(root: Locator): Promise<string[]> {
  const texts = await root.evaluate(panel => {
    const found: string[] = [];
    for (const element of Array.from(panel.querySelectorAll('*'))) {
      for (const attribute of ['aria-label', 'title', 'placeholder']) {
        found.push(element.getAttribute(attribute) ?? '');
      }
      for (const child of Array.from(element.childNodes)) {
        if (child.nodeType === Node.TEXT_NODE) {
          found.push(child.textContent ?? '');
        }
      }
    }
    return found.map(text => text.trim()).filter(text => text !== '');
  });
  return texts.filter(text => ENGLISH.some(pattern => pattern.test(text)));
}

/** Go through the screens in German, and call a function on each. */
async function walk(
  panel: Panel,
  look: (screen: string) => Promise<void>
): Promise<void> {
  const { root } = panel;
  await expect(panel.row(NAME)).toBeVisible();
  await look('list');

  await panel.button(german('New…')).click();
  await expect(panel.button(german('Review Plan…'))).toBeVisible();
  await look('new');
  await panel.button(german('Review Plan…')).click();
  await expect(panel.button(german('Create'))).toBeVisible();
  await look('review');
  await panel.button(german('Back')).click();
  const packages = root.getByRole('combobox', { name: german('Packages') });
  await packages.fill('nowhere');
  await packages.press('Enter');
  await panel.button(german('Review Plan…')).click();
  await expect(panel.failure).toContainText('Kein Kanal hat „nowhere“');
  await look('error');
  await panel.button(german('Back')).first().click();
  await panel.button(german('Back')).click();

  await panel.button(NAME).click();
  for (const tab of ['Packages', 'History', 'Variables', 'Check']) {
    await root.getByRole('tab', { name: german(tab) }).click();
    await look(tab);
  }
  await panel.button(german('Back')).click();
}

test.use({
  // The language is that of the server's settings, not of Galata's.
  mockSettings: false,
  // Galata waits for labels of JupyterLab in English.
  autoGoto: false
});

/** Choose a language in the settings of JupyterLab, which are on the server. */
async function choose(page: Page, locale: string): Promise<void> {
  const answer = await page.request.put(
    '/lab/api/settings/@jupyterlab/translation-extension:plugin',
    { data: { raw: JSON.stringify({ locale }) } }
  );
  expect(answer.ok()).toBe(true);
}

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  if (!(await panel.environments()).some(({ name }) => name === NAME)) {
    await panel.create({ name: NAME, tensorflow: '2.19.*' });
  }
  await choose(page, 'de_DE');
});

test.afterEach(({ page }) => choose(page, 'default'));

/** Open the panel by its icon, whose id is the same in all languages. */
async function open(panel: Panel): Promise<void> {
  const { page } = panel;
  await page.goto();
  await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
  const root = page.locator('#tfenv-lab-panel');
  if (!(await root.isVisible())) {
    await page.locator('[data-id="tfenv-lab-panel"]').click();
  }
  await expect(root).toBeVisible();
}

test('every screen is German, also from right to left', async ({ page }) => {
  const panel = new Panel(page, german('TensorFlow Environments'));
  await open(panel);
  const faults: string[] = [];
  await walk(panel, async screen => {
    const english = await englishTexts(panel.root);
    faults.push(...english.map(text => `${screen}, English: ${text}`));
    for (const direction of ['rtl', 'ltr']) {
      await page.evaluate(dir => {
        document.documentElement.dir = dir;
      }, direction);
      const broken = await brokenWords(panel.root);
      faults.push(...broken.map(text => `${screen}, ${direction}: ${text}`));
    }
  });
  expect(faults).toEqual([]);
});

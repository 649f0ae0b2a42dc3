import { expect, test } from '@jupyterlab/galata';

import {
  brokenWords,
  faintTexts,
  setTheme,
  textsAtTheEdge,
  THEMES,
  violations
} from '../accessibility';
import { Panel } from '../panel';

const NAME = 'a-long-name-of-an-environment-for-the-thesis';

/** Go through the screens, and call a function on each. */
async function walk(
  panel: Panel,
  look: (screen: string) => Promise<void>
): Promise<void> {
  const { root } = panel;
  await expect(panel.row(NAME)).toBeVisible();
  await look('list');

  await panel.startNew();
  await expect(panel.button('Review Plan…')).toBeVisible();
  await root.getByText('More', { exact: true }).click();
  await look('new');
  const packages = root.getByRole('combobox', { name: 'Packages' });
  await packages.fill('tensorflow_datasets_preprocessing');
  await packages.press('Enter');
  await panel.review();
  await root.getByText(/\d+ dependenc/).click();
  await look('review');
  await panel.button('Back').click();
  await packages.fill('nowhere');
  await packages.press('Enter');
  await panel.button('Review Plan…').click();
  await expect(panel.failure).toBeVisible();
  await look('error');
  await panel.button('Back').first().click();
  await panel.button('Leave out nowhere').click();
  await panel.button('Leave out tensorflow_datasets_preprocessing').click();
  await panel.button('Back').click();

  await panel.button(NAME).click();
  await expect(root.getByText('on disk')).toBeVisible();
  for (const tab of ['Packages', 'History', 'Variables', 'Check']) {
    await root.getByRole('tab', { name: tab }).click();
    await look(tab);
  }
  await panel.button('Back').click();

  const footer = root.locator('.jp-TfenvFooter > details > summary');
  await footer.click();
  await look('footer');
  await panel.button('Show Disk Space').click();
  await footer.click();
  await expect(panel.button('Review Plan…')).toBeVisible();
  await look('space');
  await panel.button('Back').click();
}

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  if (!(await panel.environments()).some(({ name }) => name === NAME)) {
    await panel.create({ name: NAME, tensorflow: '2.19.*' });
  }
  await panel.open();
});

test('every screen can be read in every theme, and in a narrow panel', async ({
  page
}) => {
  const panel = new Panel(page);
  const faults: string[] = [];
  await walk(panel, async screen => {
    const found = await violations(page);
    faults.push(...found.map(text => `${screen}: ${text}`));
    for (const theme of THEMES) {
      await setTheme(page, theme);
      const faint = await faintTexts(panel.root);
      faults.push(...faint.map(text => `${screen}, ${theme}: ${text}`));
    }
    for (const width of [250, 280, 400, 600]) {
      await page.sidebar.setWidth(width);
      const broken = await brokenWords(panel.root);
      faults.push(...broken.map(text => `${screen}, ${width} px: ${text}`));
      const close = await textsAtTheEdge(panel.root);
      faults.push(...close.map(text => `${screen}, at the edge: ${text}`));
    }
  });
  expect(faults).toEqual([]);
});

test('a disabled choice looks disabled in every theme, and ✓ can be read', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.startNew();
  const choice = (name: string) =>
    panel.root
      .locator('.jp-TfenvSegments label')
      .filter({ hasText: new RegExp(`^${name}$`) })
      .locator('span');
  const opacity = (name: string) =>
    choice(name).evaluate(span => Number(getComputedStyle(span).opacity));
  await expect(choice('CUDA')).toBeVisible();
  for (const theme of THEMES) {
    await setTheme(page, theme);
    expect(await opacity('CUDA')).toBeLessThan(0.6);
    expect(await opacity('CPU')).toBe(1);
    // No real TensorFlow works here, so the sign is put on the screen.
    await panel.root.evaluate(root => {
      const sign = document.createElement('span');
      sign.className = 'jp-TfenvChecked';
      sign.dataset.state = 'ok';
      sign.textContent = '✓';
      root.querySelector('h2')!.append(sign);
    });
    expect(await faintTexts(panel.root.locator('h2'))).toEqual([]);
  }
});

import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';

import { expect, test } from '@jupyterlab/galata';

import { brokenWords } from '../accessibility';
import { Panel } from '../panel';

const COUNT = 300;
const NAME = 'one-of-many';

/** Return the name of a copy. They sort by their numbers. */
const nameOf = (number: number): string => `many-${number}`;

/** Make environments by copying the records of one, without its kernel. They are as real as conda's own. */
async function copies(panel: Panel): Promise<string> {
  const { envs_dir } = await panel.status();
  const records = `${envs_dir}/${NAME}/conda-meta`;
  const wanted = (await readdir(records)).filter(file =>
    /^(tensorflow|python|keras)-\d/.test(file)
  );
  for (let number = 1; number <= COUNT; number++) {
    const target = `${envs_dir}/${nameOf(number)}/conda-meta`;
    await mkdir(target, { recursive: true });
    await writeFile(`${target}/history`, '');
    for (const file of wanted) {
      await copyFile(`${records}/${file}`, `${target}/${file}`);
    }
  }
  return envs_dir;
}

test('a list of many environments is scrolled, searched and walked through with arrow keys', async ({
  page
}) => {
  test.setTimeout(300_000);
  const panel = new Panel(page);
  const rows = panel.root.locator('.jp-TfenvRow');
  await panel.create({ name: NAME, tensorflow: '2.19.*' });
  const folder = await copies(panel);
  try {
    await panel.open();
    await panel.button('Refresh').click();
    await expect(panel.row(nameOf(1))).toBeVisible({ timeout: 120_000 });
    await expect(
      panel.root.locator('summary').filter({ hasText: 'TensorFlow' }).first()
    ).toContainText(/\d{3,}/);
    // Only the rows that are near are on the page.
    expect(await rows.count()).toBeLessThan(COUNT / 2);
    for (const width of [160, 250, 400, 600]) {
      await page.sidebar.setWidth(width);
      expect(await brokenWords(panel.root)).toEqual([]);
    }

    const filter = panel.root.getByRole('searchbox');
    await filter.fill(nameOf(COUNT));
    await expect(rows).toHaveCount(1);
    await filter.fill('');

    // The list grows before the focus reaches its end.
    await filter.press('ArrowDown');
    for (let step = 0; step < 120; step++) {
      await page.keyboard.press('ArrowDown');
    }
    await expect(panel.button(nameOf(110))).toBeVisible();
    expect(
      await page.evaluate(() => document.activeElement?.className)
    ).toContain('jp-TfenvRow-name');
    await expect(async () => {
      await page.keyboard.press('End');
      await expect(panel.button(nameOf(COUNT))).toBeVisible({ timeout: 1000 });
      const last = rows.last().locator('button').first();
      await expect(last).toBeFocused({ timeout: 1000 });
    }).toPass();
    await page.keyboard.press('Home');
    await expect(rows.first().locator('button').first()).toBeFocused();
  } finally {
    for (let number = 1; number <= COUNT; number++) {
      await rm(`${folder}/${nameOf(number)}`, { recursive: true, force: true });
    }
  }
});

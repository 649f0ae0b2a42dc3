import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

const CELL =
  'import sys, tensorflow as tf\nprint("runs", tf.__version__, sys.prefix)';

// Galata's tracking responds to a kernel restart with 201, which JupyterLab treats as an error.
test.use({ kernels: null, sessions: null });

test('a notebook brings its environment back', async ({ page, tmpPath }) => {
  test.setTimeout(600_000);
  const slow = { timeout: 300_000 };
  const panel = new Panel(page);
  const idle = page.locator('#jp-main-statusbar').getByText(/\| Idle$/);
  const output = page
    .locator('.jp-Notebook .jp-OutputArea-output')
    .filter({ hasText: 'runs' });

  await panel.open();
  await panel.startNew();
  const name = await panel.name();
  await panel.review();
  await panel.button('Create').click();
  const ready = panel.notification(`${name} is ready.`);
  await expect(ready).toBeVisible(slow);
  await ready.getByRole('button', { name: 'Open Notebook' }).click();
  await expect(idle).toBeVisible(slow);
  await page.notebook.setCell(0, 'code', CELL);
  await page.notebook.runCell(0, true);
  await expect(output).toContainText(`/${name}`, slow);
  const before = await output.innerText();

  await page.menu.clickMenuItem('Kernel>Record Environment in Notebook');
  await expect(
    panel.notification(`${name} is recorded in the notebook.`)
  ).toBeVisible();
  await page.notebook.save();
  const file = `${tmpPath}/Untitled.ipynb`;
  const saved = await page.request.get(`/api/contents/${file}`);
  const { metadata } = (await saved.json()).content;
  expect(metadata.tfenv_lab.name).toBe(name);
  expect(JSON.stringify(metadata.tfenv_lab).length).toBeLessThan(20_000);

  await page.notebook.close();
  await page.kernel.shutdownAll();
  const row = panel.row(name);
  await row.hover();
  await row.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Delete', exact: true })
    .click();
  await expect(row).toHaveCount(0, slow);

  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.open(file);
  await panel.open();
  const missing = panel.notification('is not on this server.');
  await expect(missing).toContainText(name, slow);
  await missing.getByRole('button', { name: 'Recreate Environment…' }).click();
  await panel.waitForPlan();
  await panel.button('Create').click();
  await expect(panel.notification(`${name} is ready.`)).toBeVisible(slow);
  // The notebook gets its kernel back without a choice.
  await expect(
    row.getByRole('img', { name: 'Used by the current notebook' })
  ).toBeVisible(slow);
  await expect(idle).toBeVisible(slow);
  await page.notebook.runCell(0, true);
  await expect(output).toHaveText(before, slow);
  await expect(page.getByText('Differs from record')).toHaveCount(0);
});

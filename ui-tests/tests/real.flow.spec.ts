import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

const CELL = 'import tensorflow as tf\nprint("version", tf.__version__)';

const ADDED =
  "import pandas\nprint('pandas sums to', pandas.Series([1, 2]).sum())";

// Galata's tracking responds to a kernel restart with 201, which JupyterLab treats as an error.
test.use({ kernels: null, sessions: null });

test('create, use in a notebook, update, restart, add a package, delete', async ({
  page
}) => {
  // Real packages may have to be downloaded, and the first import of TensorFlow is slow.
  test.setTimeout(600_000);
  const slow = { timeout: 300_000 };
  const panel = new Panel(page);

  await panel.open();
  await panel.startNew();
  const { older, newest } = await panel.chooseOlder();
  const name = await panel.name();
  await panel.review();
  await expect(panel.tensorflow).toContainText(older);
  await panel.button('Create').click();
  await expect(panel.progress).toBeVisible();
  const ready = panel.notification(`${name} is ready.`);
  await expect(ready).toBeVisible(slow);
  const row = panel.row(name);
  await expect(row).toContainText(older);

  await ready.getByRole('button', { name: 'Open Notebook' }).click();
  // A cell typed before the notebook has its kernel is lost when the notebook reloads.
  const idle = page.locator('#jp-main-statusbar').getByText(/\| Idle$/);
  await expect(idle).toBeVisible(slow);
  await page.notebook.setCell(0, 'code', CELL);
  const runs = async (version: string) => {
    await page.notebook.runCell(0, true);
    const output = page
      .locator('.jp-Notebook .jp-OutputArea-output')
      .filter({ hasText: 'version' });
    await expect(output).toHaveText(`version ${version}`, slow);
  };
  await runs(older);
  await expect(
    row.getByRole('img', { name: 'Used by the current notebook' })
  ).toBeVisible();

  await row
    .getByRole('button', { name: `Update ${name} to TensorFlow ${newest}` })
    .click();
  await panel.waitForPlan();
  await expect(panel.tensorflow).toContainText(`${older} → ${newest}`);
  await panel.button('Update').click();
  const changed = panel.notification(`${name} was updated.`);
  await expect(changed).toBeVisible(slow);
  await expect(row).toContainText(newest);
  const restarted = page.waitForResponse(/\/api\/kernels\/.*\/restart/);
  await changed.getByRole('button', { name: 'Restart Kernel' }).click();
  await restarted;
  await expect(idle).toBeVisible(slow);
  await runs(newest);

  // A failed import leads to a plan that installs the package.
  await page.notebook.setCell(0, 'code', ADDED);
  await page.notebook.runCell(0, true);
  await panel
    .notification(`pandas is not installed in the environment “${name}”.`)
    .getByRole('button', { name: 'Install pandas…' })
    .click();
  await panel.waitForPlan();
  await expect(panel.entry('pandas')).toBeVisible();
  await panel.button('Install').click();
  await expect(panel.notification(`${name} was changed.`)).toBeVisible(slow);
  await page.notebook.runCell(0, true);
  await expect(
    page
      .locator('.jp-Notebook .jp-OutputArea-output')
      .filter({ hasText: 'pandas sums to 3' })
  ).toBeVisible(slow);

  // The launcher shows the kernel without a reload, and later removes it.
  const [kernel] = (await panel.kernels()).filter(kernelName =>
    kernelName.includes(name)
  );
  expect(kernel).toBeTruthy();
  await page.activity.activateTab('Launcher');
  const card = page
    .locator('.jp-LauncherCard[data-category="Notebook"]')
    .filter({ hasText: name });
  await expect(card).toBeVisible();

  const remove = async (how: string) => {
    await row.hover();
    await row.getByRole('button', { name: `Actions for ${name}` }).click();
    await page.getByRole('menuitem', { name: /^Delete/ }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: how, exact: true })
      .click();
    await expect(row).toHaveCount(0, slow);
  };
  await remove('Delete');
  const deleted = panel.notification(`${name} was deleted.`);
  await expect(deleted).toBeVisible(slow);
  expect(await panel.kernels()).not.toContain(kernel);
  await expect(card).toHaveCount(0);

  // A deletion can be undone, and the kernel comes back with the environment.
  await deleted.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toBeVisible(slow);
  await expect.poll(() => panel.kernels()).toContain(kernel);
  await remove('Delete at Once');
  await expect.poll(() => panel.kernels()).not.toContain(kernel);
});

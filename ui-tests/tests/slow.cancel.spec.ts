import { existsSync, readdirSync } from 'node:fs';

import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

test('a download goes on over a reload, and Cancel leaves nothing', async ({
  page
}) => {
  const panel = new Panel(page);
  const { envs_dir } = await panel.status();
  const kernels = await panel.kernels();

  await panel.open();
  await panel.startNew();
  const name = await panel.name();
  await panel.review();
  await panel.button('Create').click();
  await expect(panel.root.getByText(/downloading .* \/ /)).toBeVisible();
  await expect(panel.notification(`Creating ${name}`)).toHaveCount(1);

  await page.reload();
  await panel.open();
  await expect(panel.progress).toBeVisible();
  await expect(panel.root.getByText(/downloading .* \/ /)).toBeVisible();

  await panel.button('Cancel').click();
  // One second for the server, and some time for the screen.
  await expect(panel.progress).toHaveCount(0, { timeout: 3000 });
  await expect(
    panel.notification('cancelled. Nothing was changed.')
  ).toBeVisible();
  await expect(panel.row(name)).toHaveCount(0);
  expect(await panel.kernels()).toEqual(kernels);
  expect(existsSync(envs_dir) ? readdirSync(envs_dir) : []).toEqual([]);
});

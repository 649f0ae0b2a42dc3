import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

test('a channel that does not answer is named, with what can be done', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  // The list needs no channel.
  await expect(panel.button('New Environment…')).toBeVisible();

  await panel.startNew();
  await expect(panel.root).toContainText('127.0.0.1:9', { timeout: 60_000 });
  await expect(panel.root).toContainText('network and proxy');

  await panel.root
    .getByRole('button', { name: 'Build Local Channel…' })
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('about 3 seconds');
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await panel.root.getByRole('button', { name: 'Try Again' }).click();
  await expect(panel.root).toContainText('127.0.0.1:9', { timeout: 60_000 });
  await panel.button('Back').click();
  await expect(panel.button('New Environment…')).toBeVisible();
});

import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

const FILE = 'name: mine\ndependencies:\n- numpy\n';

test('a file in the file browser becomes the form of an environment', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  const path = `${tmpPath}/environment.yml`;
  await page.contents.uploadContent(FILE, 'text', path);
  await page.filebrowser.refresh();
  await page
    .locator('.jp-DirListing-item')
    .filter({ hasText: 'environment.yml' })
    .click({ button: 'right' });
  await page
    .getByRole('menuitem', { name: 'Create Environment from File…' })
    .click();
  await expect(panel.root.getByRole('textbox', { name: 'File' })).toHaveValue(
    FILE
  );
  await expect(panel.root.getByRole('textbox', { name: 'Name' })).toHaveValue(
    'mine'
  );
  await expect(panel.button('Review Plan…')).toBeEnabled();
});

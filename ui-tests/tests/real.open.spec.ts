import { expect, test } from '@jupyterlab/galata';

test('JupyterLab opens', async ({ page }) => {
  await expect(page.locator('#jp-main-dock-panel')).toBeVisible();
});

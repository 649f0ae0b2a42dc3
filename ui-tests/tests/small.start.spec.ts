import { expect, test } from '@playwright/test';

// Galata belongs to one minor version of JupyterLab. This test must run with each of them, so it does without.
test('the panel loads without a complaint in the console, and creates an environment', async ({
  page
}) => {
  const complaints: string[] = [];
  page.on('console', message => {
    const text = message.text();
    if (
      ['warning', 'error'].includes(message.type()) &&
      /unsatisfied version|tfenv/i.test(text) &&
      // A busy machine is slow.
      !/ms to activate/.test(text)
    ) {
      complaints.push(text);
    }
  });
  page.on('pageerror', error => complaints.push(String(error)));
  const panel = page.getByRole('region', { name: 'TensorFlow Environments' });
  const button = (name: string) =>
    panel.getByRole('button', { name, exact: true });

  await page.goto('lab?reset');
  // The card in the launcher opens the form.
  await page
    .locator('.jp-LauncherCard')
    .filter({ hasText: 'New TensorFlow Environment' })
    .click();
  const name = await panel
    .getByRole('textbox', { name: 'Name', exact: true })
    .inputValue();
  await button('Review Plan…').click();
  await button('Create').click();

  // The kernel is in the launcher without a reload of the page.
  await expect(button(name)).toBeVisible();
  await expect(
    page.locator('.jp-LauncherCard').filter({ hasText: name }).first()
  ).toBeVisible();
  await button(name).click();
  await expect(panel.getByRole('tab', { name: 'History' })).toBeVisible();
  expect(complaints).toEqual([]);
});

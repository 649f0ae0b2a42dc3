import { access } from 'node:fs/promises';

import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { focused, tabTo } from '../keyboard';
import { Panel } from '../panel';

const NAME = 'flow';

/** Run an item of the menu of the environment's row, with keys. */
async function act(page: IJupyterLabPageFixture, item: RegExp): Promise<void> {
  const row = new Panel(page).row(NAME);
  await row.getByRole('button', { name: /^Actions/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: item }).press('Enter');
}

/** Apply the plan under review with keys, and wait for the end of its job. */
async function apply(
  page: IJupyterLabPageFixture,
  button: RegExp
): Promise<void> {
  const panel = new Panel(page);
  await panel.waitForPlan();
  await tabTo(page, button);
  await page.keyboard.press('Enter');
  await expect(
    panel.root.getByRole('heading', { name: `Review: ${NAME}` })
  ).toHaveCount(0);
  await expect(panel.progress).toHaveCount(0, { timeout: 60_000 });
  // The focus is not lost to the page when the buttons of the job disappear.
  await expect
    .poll(() =>
      panel.root.evaluate(root => root.contains(document.activeElement))
    )
    .toBe(true);
}

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  const known = await panel.environments();
  if (!known.some(({ name }) => name === NAME)) {
    await panel.create({ name: NAME, tensorflow: '2.19.*' });
  }
  await panel.open();
  await expect(panel.row(NAME)).toBeVisible();
});

test('packages are added, collected and removed, and a revision returns, with the keyboard alone', async ({
  page
}) => {
  const panel = new Panel(page);
  const { keyboard } = page;
  await panel.button(NAME).focus();
  await keyboard.press('Enter');
  await tabTo(page, /^Search or add a package$/);
  await keyboard.type('pandas');
  await expect(panel.button('Add pandas…')).toBeVisible();
  await tabTo(page, /^Collect pandas with other packages$/);
  await keyboard.press('Enter');
  await expect(
    panel.root.getByRole('group', { name: 'Collected changes' })
  ).toContainText('pandas');
  await expect(
    panel.root.getByRole('searchbox', { name: 'Search or add a package' })
  ).toBeFocused();

  // The removal of a package joins it.
  await panel.button('pip').focus();
  await keyboard.press('Enter');
  await tabTo(page, /^Remove with other changes$/);
  await keyboard.press('Enter');
  await expect(panel.button('Keep pip')).toBeVisible();
  await panel.button('Review Plan…').focus();
  await keyboard.press('Enter');
  await expect.poll(() => focused(page)).toMatch(/^Review: flow$/);
  await panel.waitForPlan();
  await expect(panel.entry('pandas')).toBeVisible();
  await expect(panel.entry('pip')).toBeVisible();
  await apply(page, /^Install$/);

  // The details are open again. The history names what was requested, and Revert goes back.
  await expect(panel.button('pandas')).toBeVisible();
  await tabTo(page, /^Packages$/);
  await keyboard.press('ArrowRight');
  await expect(
    panel.root.getByText('Install pandas; remove pip')
  ).toBeVisible();
  await tabTo(page, /^Revert… to revision 0$/);
  await keyboard.press('Enter');
  await expect.poll(() => focused(page)).toMatch(/^Review: flow$/);
  await apply(page, /^Revert$/);
  await expect(panel.root.getByText('Revert to revision 0')).toBeVisible();
  await keyboard.press('Escape');
  await expect.poll(() => focused(page)).toMatch(/^flow$/);
});

test('an environment is updated, checked and exported with the keyboard alone', async ({
  page
}) => {
  const panel = new Panel(page);
  const { keyboard } = page;
  await act(page, /^Update TensorFlow/);
  await expect.poll(() => focused(page)).toMatch(/^Review: flow$/);
  await apply(page, /^Update$/);
  await expect(panel.row(NAME)).toContainText('2.20.0');

  // The check that follows the update by itself shows a result, too.
  await expect.poll(() => panel.unfinished()).toEqual([]);
  const { length } = await panel.jobs();
  await act(page, /^Check/);
  await expect(panel.root.getByRole('tab', { name: 'Check' })).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect.poll(async () => (await panel.jobs()).length).toBe(length + 1);
  await expect.poll(() => panel.unfinished(), { timeout: 60_000 }).toEqual([]);
  // The tiny TensorFlow does not work, so there is a problem to read.
  await expect(
    panel.root.getByText('Has problems', { exact: true })
  ).toBeVisible();
  await expect(panel.button('Check Again')).toBeEnabled();
  await tabTo(page, /^Check Again$/);
  await keyboard.press('Escape');
  await expect.poll(() => focused(page)).toMatch(/^Actions for flow$/);

  await act(page, /^Export/);
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator(':focus')).toHaveCount(1);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Download' }).press('Enter')
  ]);
  expect(download.suggestedFilename()).toMatch(/^flow/);
  await access((await download.path())!);
  await expect.poll(() => focused(page)).toMatch(/^Actions for flow$/);
});

import { expect, test } from '@jupyterlab/galata';

import { focused, tabTo } from '../keyboard';
import { Panel } from '../panel';

test('list, details, menu, form and review work with the keyboard, and the focus follows', async ({
  page
}) => {
  const panel = new Panel(page);
  const { keyboard } = page;
  const press = (key: string) => keyboard.press(key);
  const expectFocus = (name: string | RegExp) =>
    expect.poll(() => focused(page)).toMatch(name);
  for (const name of ['key-a', 'key-b']) {
    await panel.create({ name, tensorflow: '2.19.*' });
  }

  // The shortcut opens the panel and enters it.
  await press('ControlOrMeta+Shift+Y');
  await expect(panel.row('key-a')).toBeVisible();
  await press('ControlOrMeta+Shift+Y');
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.tagName))
    .toBe('BUTTON');
  expect(
    await panel.root.evaluate(root => root.contains(document.activeElement))
  ).toBe(true);

  // Arrow keys move between rows and within one, Tab leaves the row.
  await panel.button('key-a').focus();
  await press('ArrowDown');
  await expectFocus(/^key-b$/);
  await press('ArrowRight');
  await press('ArrowRight');
  await press('ArrowLeft');
  await press('ArrowUp');
  await expectFocus(/^key-a$/);
  await press('Tab');
  await expectFocus(/^key-b$/);

  // Details: Escape goes back to the row.
  await press('Enter');
  await expectFocus(/^key-b$/);
  await expect(panel.root.getByRole('tab').first()).toBeVisible();
  await tabTo(page, /^Packages$/);
  for (const tab of ['History', 'Variables', 'Check']) {
    await press('ArrowRight');
    await expectFocus(tab);
  }
  await press('ArrowLeft');
  await tabTo(page, /^Name$/);
  await keyboard.type('TF_CPP_MIN_LOG_LEVEL');
  await press('Tab');
  await keyboard.type('2');
  await press('Enter');
  await expect(panel.root.getByRole('row', { name: /^TF_CPP/ })).toBeVisible();
  await press('Escape');
  await expect(panel.row('key-b')).toBeVisible();
  await expectFocus(/^key-b$/);

  // The menu of a row gives the focus back; Export asks in a dialog.
  const menu = async (name: string, item: RegExp) => {
    await panel
      .row(name)
      .getByRole('button', { name: /^Actions/ })
      .focus();
    await press('Enter');
    await page.getByRole('menuitem', { name: item }).press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    // A dialog takes the focus, and with it the keys, a moment after it appears.
    await expect(page.getByRole('dialog').locator(':focus')).toHaveCount(1);
  };
  await menu('key-b', /^Export/);
  await press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expectFocus(/^Actions for key-b$/);

  // New and Review; Escape goes back to the field.
  await panel.button('New…').focus();
  await press('Enter');
  await expectFocus(/^New Environment$/);
  await tabTo(page, /^Name$/);
  await keyboard.type('key-c');
  await press('Enter');
  await expectFocus(/^Review: key-c$/);
  await panel.waitForPlan();
  await press('Escape');
  await expectFocus(/^Review Plan…$|^Name$/);
});

test('the screens of the menus, a creation and a deletion work with the keyboard', async ({
  page
}) => {
  const panel = new Panel(page);
  const press = (key: string) => page.keyboard.press(key);
  const expectFocus = (name: string | RegExp) =>
    expect.poll(() => focused(page), { timeout: 30_000 }).toMatch(name);
  await panel.create({ name: 'walk-a', tensorflow: '2.19.*' });
  await panel.open();
  await expect(panel.row('walk-a')).toBeVisible();

  // Each screen gets the focus, and Escape gives it back to the menu's button.
  const screens = [
    [/^Import/, /^Import Environment$/],
    [/^Show Compatib|^Compatib/, /^Compatibility$/],
    [/Disk Space/, /^Disk Space$/]
  ] as const;
  for (const [item, heading] of screens) {
    await panel.button('More').focus();
    await press('Enter');
    await page.getByRole('menuitem', { name: item }).press('Enter');
    await expectFocus(heading);
    await press('Escape');
    await expectFocus(/^More$/);
  }
  const act = async (name: string, item: RegExp) => {
    await panel
      .row(name)
      .getByRole('button', { name: /^Actions/ })
      .focus();
    await press('Enter');
    await page.getByRole('menuitem', { name: item }).press('Enter');
  };
  await act('walk-a', /^Compare/);
  await expectFocus(/^Compare$/);
  await press('Escape');
  await expectFocus(/^Actions for walk-a$/);

  // The history has the focus in its own tab.
  await act('walk-a', /^Show Details/);
  await tabTo(page, /^Packages$/);
  await press('ArrowRight');
  await expectFocus(/^History$/);
  await tabTo(page, /^Compare revision 0|^Revert… to revision 0/);
  await press('Escape');
  await expectFocus(/^Actions for walk-a$/);

  // The focus goes to what is created, and stays in its row when Cancel disappears.
  await panel.button('New…').focus();
  await press('Enter');
  await tabTo(page, /^Name$/);
  await page.keyboard.type('walk-b');
  await press('Enter');
  await panel.waitForPlan();
  await tabTo(page, /^Create$/);
  await press('Enter');
  await expectFocus(/^walk-b$/);

  // After a deletion, it is in another row.
  await act('walk-b', /^Delete/);
  await expect(page.getByRole('dialog').locator(':focus')).toHaveCount(1);
  await tabTo(page, /^Delete$/);
  await press('Enter');
  await expect(panel.row('walk-b')).toHaveCount(0);
  expect(
    await panel.root.evaluate(root => root.contains(document.activeElement))
  ).toBe(true);
});

test('a success closes by itself', async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.startNew();
  const name = await panel.name();
  await panel.review();
  await panel.button('Create').click();
  const ready = panel.notification(`${name} is ready.`);
  await expect(ready).toBeVisible();
  await expect(ready).toHaveCount(0, { timeout: 20_000 });
});

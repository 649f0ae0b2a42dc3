import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

const NAMES = ['several-a', 'several-b'];

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  const known = (await panel.environments()).map(({ name }) => name);
  for (const name of NAMES.filter(each => !known.includes(each))) {
    await panel.create({ name, tensorflow: '2.19.*' });
  }
  await panel.open();
});

test('several environments are selected, reviewed and deleted with the keyboard alone', async ({
  page
}) => {
  const panel = new Panel(page);
  const { keyboard } = page;
  const box = (name: string) => panel.root.getByRole('checkbox', { name });
  const press = async (key: string) => keyboard.press(key);
  await expect(panel.row(NAMES[1])).toBeVisible();

  await panel.button('More').focus();
  await press('Enter');
  await page.getByRole('menuitem', { name: 'Select Several' }).press('Enter');
  await box(`Select ${NAMES[0]}`).focus();
  await press('Space');
  await press('ArrowDown');
  await expect(box(`Select ${NAMES[1]}`)).toBeFocused();
  await press('Space');
  await expect(panel.root.getByText('2 selected')).toBeVisible();

  // Each update has a review of its own; Escape leaves the rest as it is.
  await panel.button('Update TensorFlow…').press('Enter');
  await expect(
    panel.root.getByRole('heading', { name: `Review: ${NAMES[0]}` })
  ).toBeVisible();
  await panel.waitForPlan();
  await panel.button('Skip (1 more)').press('Enter');
  await expect(
    panel.root.getByRole('heading', { name: `Review: ${NAMES[1]}` })
  ).toBeVisible();
  await panel.waitForPlan();
  await expect(panel.button(/^Skip/)).toHaveCount(0);
  await press('Escape');
  await expect(panel.row(NAMES[0])).toBeVisible();

  // Escape ends a selection; Delete names all that are selected.
  await panel.button('More').press('Enter');
  await page.getByRole('menuitem', { name: 'Select Several' }).press('Enter');
  await box(`Select ${NAMES[0]}`).press('Escape');
  await expect(box('All')).toHaveCount(0);
  await panel.button('More').press('Enter');
  await page.getByRole('menuitem', { name: 'Select Several' }).press('Enter');
  for (const name of NAMES) {
    await box(`Select ${name}`).press('Space');
  }
  await panel.button('Delete…').press('Enter');
  const dialog = page.getByRole('dialog');
  for (const name of NAMES) {
    await expect(dialog).toContainText(name);
  }
  await dialog
    .getByRole('button', { name: 'Delete', exact: true })
    .press('Enter');
  for (const name of NAMES) {
    await expect(panel.row(name)).toHaveCount(0);
  }
});

test('an environment is created in the chosen directory, from the chosen channels', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.startNew();
  await panel.root.getByRole('textbox', { name: 'Name' }).fill('placed');
  await panel.root.getByText('More', { exact: true }).click();
  const directory = panel.root.getByRole('combobox', { name: 'Directory' });
  const places = await directory
    .locator('option:not(:disabled)')
    .evaluateAll(options =>
      options.map(option => (option as HTMLOptionElement).value)
    );
  expect(places).toHaveLength(2);
  await directory.selectOption(places[1]);
  await expect(panel.root.getByText(`${places[1]}/placed`)).toBeVisible();
  await panel.root.getByRole('checkbox', { name: /extra/ }).check();
  const packages = panel.root.getByRole('combobox', { name: 'Packages' });
  await packages.fill('only-extra');
  await packages.press('Enter');
  await panel.review();
  await expect(panel.entry('only-extra')).toBeVisible();
  // The way back keeps what was chosen.
  await panel.button('Back').click();
  await expect(directory).toHaveValue(places[1]);
  await panel.review();
  await panel.button('Create').click();
  await expect(panel.notification('placed is ready.')).toBeVisible();
  const [made] = (await panel.environments()).filter(
    ({ name }) => name === 'placed'
  );
  expect(made).toMatchObject({ prefix: `${places[1]}/placed` });
});

test('a note and pins of an environment are kept, with the keyboard alone', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.button(NAMES[0]).press('Enter');
  await panel.button('Edit Note and Pins').press('Enter');
  await page.keyboard.type('For the course.');
  await page.keyboard.press('Tab');
  await page.keyboard.type('tensorflow =!= 2');
  await panel.button('Save').press('Enter');
  await expect(panel.failure).toContainText('is not a package spec');
  const pins = panel.root.getByRole('textbox', { name: 'Pins (one per line)' });
  await expect(pins).toHaveValue('tensorflow =!= 2');
  await pins.fill('tensorflow 2.19.*');
  await panel.button('Save').press('Enter');
  await expect(panel.root.getByText('For the course.')).toBeVisible();
  await expect(panel.root.getByText('Pinned: tensorflow 2.19.*')).toBeVisible();
  await panel.button('Edit Note and Pins').press('Enter');
  await page.keyboard.press('Escape');
  await expect(panel.button('Edit Note and Pins')).toBeFocused();
});

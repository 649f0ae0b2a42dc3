import { expect, test } from '@jupyterlab/galata';

import { Panel } from '../panel';

/** Directory of the images of the README and the documentation. */
const README = '../docs/images';
/** Directory of the images of every screen, narrow and in both themes, for reviews. */
const SCREENS = '../.reports/images';
const NARROW = 280;
/** Width of the panel in the images of the documentation. */
const USUAL = 320;

const CELLS = [
  `import keras
import tensorflow as tf

print("TensorFlow", tf.__version__, "· Keras", keras.__version__)`,
  `images, labels = tf.random.uniform((512, 28, 28)), tf.random.uniform((512,), 0, 10, tf.int32)
model = keras.Sequential([
    keras.layers.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
history = model.fit(images, labels, epochs=3, verbose=0).history
model.summary()`
];

test.use({ kernels: null, sessions: null, tmpPath: 'models' });

test('pictures of every screen @images', async ({ page }) => {
  test.setTimeout(600_000);
  const slow = { timeout: 300_000 };
  const panel = new Panel(page);
  const take = async (screen: string) => {
    for (const theme of ['light', 'dark'] as const) {
      await (theme === 'dark'
        ? page.theme.setDarkTheme()
        : page.theme.setLightTheme());
      await panel.root.screenshot({
        path: `${SCREENS}/${screen}-${theme}.png`
      });
    }
    await page.theme.setLightTheme();
  };
  const takeForDocs = async (screen: string) => {
    await page.sidebar.setWidth(USUAL);
    await panel.root.screenshot({ path: `${README}/${screen}.png` });
    await page.sidebar.setWidth(NARROW);
  };

  await panel.open();
  await page.sidebar.setWidth(NARROW);
  await take('empty');
  await panel.startNew();
  const { newest } = await panel.chooseOlder();
  await take('new');
  await takeForDocs('form');
  const name = await panel.name();
  await panel.review();
  await take('review');
  await takeForDocs('plan');
  await panel.button('Create').click();
  await expect(panel.progress).toBeVisible();
  await panel.root.screenshot({ path: `${SCREENS}/progress-light.png` });
  const ready = panel.notification(`${name} is ready.`);
  await expect(ready).toBeVisible(slow);
  await ready.getByRole('button', { name: 'Open Notebook' }).click();
  const idle = page.locator('#jp-main-statusbar').getByText(/\| Idle$/);
  await expect(idle).toBeVisible(slow);
  await take('list');
  const row = panel.row(name);
  await row.getByRole('button', { name, exact: true }).click();
  await expect(panel.root.getByRole('tab').first()).toBeVisible();
  await take('details');
  // Keras 2 without its package is a problem on every machine.
  const [environment] = await panel.environments();
  for (const [legacy_keras, words, screen] of [
    [true, 'TensorFlow has problems', 'check-problems'],
    [false, 'TensorFlow works', 'check']
  ] as const) {
    const path = `/tfenv-lab/environments/${environment.id}/kernelspec`;
    await page.request.put(path, { data: { legacy_keras } });
    await panel.root.getByRole('tab', { name: 'Check' }).click();
    await expect(panel.root.getByText(words)).toBeVisible(slow);
    await take(screen);
  }
  await panel.button('Back').click();
  await row
    .getByRole('button', { name: `Update ${name} to TensorFlow ${newest}` })
    .click();
  await panel.waitForPlan();
  await take('review-update');
  await takeForDocs('review');
  await page.sidebar.setWidth(USUAL);
  await panel.button('Back').click();

  await panel.startNew();
  const second = await panel.name();
  await panel.review();
  await panel.button('Create').click();
  await expect(panel.notification(`${second} is ready.`)).toBeVisible(slow);

  await page.notebook.setCell(0, 'code', CELLS[0]);
  await page.notebook.runCell(0, true);
  await page.notebook.addCell('code', CELLS[1]);
  await page.notebook.runCell(1, true);
  await expect(page.getByText('Total params')).toBeVisible(slow);
  await expect(page.locator('.Toastify__toast')).toHaveCount(0, slow);
  await page.screenshot({ path: `${README}/panel.png` });
});

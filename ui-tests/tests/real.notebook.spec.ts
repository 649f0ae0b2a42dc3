import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { Panel } from '../panel';

/** The first import of TensorFlow is slow. */
const SLOW = { timeout: 180_000 };
/** Prints a class of tf.keras, which identifies the Keras: Keras 2 has no version there. */
const KERAS =
  'import tensorflow as tf\nprint("tf.keras is of", tf.keras.Model.__module__)';

// Galata's tracking responds to a kernel restart with 201, which JupyterLab treats as an error.
test.use({ kernels: null, sessions: null });

/** The notebook of these tests, with one cell. */
class Notebook {
  constructor(readonly page: IJupyterLabPageFixture) {
    this.status = page.locator('#jp-main-statusbar');
  }

  readonly status: Locator;

  async open(kernel: string): Promise<void> {
    await this.page.evaluate(async kernelName => {
      const { commands } = (window as any).jupyterapp;
      await commands.execute('notebook:create-new', { kernelName });
    }, kernel);
    await this.idle();
  }

  async idle(): Promise<void> {
    await expect(this.status.getByText(/\| Idle$/)).toBeVisible(SLOW);
  }

  /** Find the environment in the status bar. */
  environment(name: string): Locator {
    return this.status.getByRole('button', {
      name: new RegExp(`^${name} · TensorFlow 2\\.[\\d.]+ · CPU$`)
    });
  }

  async run(source: string): Promise<void> {
    await this.page.notebook.setCell(0, 'code', source);
    await this.page.notebook.runCell(0, true);
  }

  output(text: string | RegExp): Locator {
    return this.page
      .locator('.jp-Notebook .jp-OutputArea-output')
      .filter({ hasText: text });
  }
}

test('a failing import leads to the environment that has it, to a plan, and to Keras 2 and back', async ({
  page
}) => {
  test.setTimeout(900_000);
  const panel = new Panel(page);
  const notebook = new Notebook(page);
  await panel.open();
  const name = 'notebooks';
  await panel.create({ name, tensorflow: '2.20.*' });
  await expect(panel.row(name)).toBeVisible();

  // The server's own kernel has no TensorFlow, so the status bar is empty.
  await notebook.open('python3');
  await expect(notebook.environment(name)).toHaveCount(0);
  await notebook.run('import tensorflow');
  const missing = panel.notification('tensorflow is not installed in');
  await expect(missing).toContainText('Python 3 (ipykernel)', SLOW);
  await expect(missing).toHaveCount(1);
  await missing.getByRole('button', { name: `Switch to ${name}` }).click();
  await expect(notebook.environment(name)).toBeVisible(SLOW);
  await expect(
    panel.row(name).getByRole('img', { name: 'Used by the current notebook' })
  ).toBeVisible();
  await notebook.idle();
  await notebook.environment(name).click();
  await expect(panel.root.getByRole('heading', { name })).toBeVisible();

  // A missing package is installed through a plan.
  await notebook.run('import tf_keras');
  const other = panel.notification(
    `tf_keras is not installed in the environment “${name}”.`
  );
  await other.getByRole('button', { name: 'Install…' }).click();
  await panel.waitForPlan();
  await expect(panel.entry('tf-keras')).toContainText('2.20');
  await panel.button('Back').click();

  // The plan for Keras 2 also changes the kernel settings.
  await panel.button('Use Keras 2…').click();
  await panel.waitForPlan();
  await expect(panel.root.getByText('TF_USE_LEGACY_KERAS')).toBeVisible();
  await panel.button('Install').click();
  const changed = panel.notification(`${name} was changed.`);
  await expect(changed).toBeVisible(SLOW);
  await changed.getByRole('button', { name: 'Restart Kernel' }).click();
  await notebook.idle();
  await notebook.run(KERAS);
  await expect(notebook.output(/tf\.keras is of tf_keras\./)).toBeVisible(SLOW);
  await expect(
    panel.root.getByText(/tf\.keras is Keras 2 \(tf-keras 2\.20/)
  ).toBeVisible();

  // The automatic check confirms it.
  await panel.root.getByRole('tab', { name: 'Check' }).click();
  await expect(panel.root.getByText(/^2\.20\S* \(tf-keras\)$/)).toBeVisible(
    SLOW
  );
  await expect(panel.root.getByText('TensorFlow works')).toBeVisible(SLOW);

  // And back.
  await panel.button('Use Keras 3').click();
  const set = panel.notification(`The kernel settings of ${name} are saved.`);
  await set.getByRole('button', { name: 'Restart Kernel' }).click();
  await notebook.idle();
  await notebook.run(KERAS);
  await expect(notebook.output(/tf\.keras is of keras\./)).toBeVisible(SLOW);
});

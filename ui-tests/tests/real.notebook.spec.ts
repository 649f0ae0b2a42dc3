import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { Panel } from '../panel';

/** TensorFlow's first import takes its time. */
const SLOW = { timeout: 180_000 };
/** Only the classes of tf.keras tell which Keras it is: that of Keras 2 has no version. */
const KERAS =
  'import tensorflow as tf\nprint("tf.keras is of", tf.keras.Model.__module__)';

// Galata's bookkeeping answers a kernel's restart with 201, which JupyterLab takes for a failure.
test.use({ kernels: null, sessions: null });

/** The notebook of these tests: one cell. */
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

  /** The environment in the status bar. */
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
  await panel.create({ name, tensorflow: '2.19.*' });
  await expect(panel.row(name)).toBeVisible();

  // The kernel of the server has no TensorFlow; the status bar has nothing to say of it.
  await notebook.open('python3');
  await expect(notebook.environment(name)).toHaveCount(0);
  await notebook.run('import tensorflow');
  const missing = panel.notification('tensorflow is not installed in');
  await expect(missing).toContainText('Python 3 (ipykernel)', SLOW);
  await expect(missing).toHaveCount(1);
  await missing.getByRole('button', { name: `Switch to ${name}` }).click();
  await expect(notebook.environment(name)).toBeVisible(SLOW);
  await expect(
    panel.row(name).getByRole('img', { name: 'The notebook in front uses it' })
  ).toBeVisible();
  await notebook.idle();
  await notebook.environment(name).click();
  await expect(panel.root.getByRole('heading', { name })).toBeVisible();

  // What is missing in an environment is installed by a plan.
  await notebook.run('import tf_keras');
  const other = panel.notification(
    `tf_keras is not installed in ${name}, the environment of this notebook.`
  );
  await other.getByRole('button', { name: 'Install it here…' }).click();
  await panel.waitForPlan();
  await expect(panel.entry('tf-keras')).toContainText('2.19');
  await panel.button('Back').click();

  // Keras 2, by a plan that sets the kernel too.
  await panel.button('Use Keras 2…').click();
  await panel.waitForPlan();
  await expect(panel.root.getByText('TF_USE_LEGACY_KERAS')).toBeVisible();
  await panel.button('Install').click();
  const changed = panel.notification(`${name} is changed.`);
  await expect(changed).toBeVisible(SLOW);
  await changed.getByRole('button', { name: 'Restart its kernel' }).click();
  await notebook.idle();
  await notebook.run(KERAS);
  await expect(notebook.output(/tf\.keras is of tf_keras\./)).toBeVisible(SLOW);
  await expect(
    panel.root.getByText(/tf\.keras is Keras 2 \(tf-keras 2\.19/)
  ).toBeVisible();

  // The check, which began by itself, confirms it.
  await panel.root.getByRole('tab', { name: 'Check' }).click();
  await expect(panel.root.getByText(/^2\.19\S* \(tf-keras\)$/)).toBeVisible(
    SLOW
  );
  await expect(panel.root.getByText('Checked: it works')).toBeVisible(SLOW);

  // And back.
  await panel.button('Use Keras 3').click();
  const set = panel.notification(`The kernel of ${name} is set.`);
  await set.getByRole('button', { name: 'Restart its kernel' }).click();
  await notebook.idle();
  await notebook.run(KERAS);
  await expect(notebook.output(/tf\.keras is of keras\./)).toBeVisible(SLOW);
});

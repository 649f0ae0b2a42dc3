import type { IStatusBar } from '@jupyterlab/statusbar';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeServer } from '../../../__tests__/fakeServer';
import { environment } from '../../../__tests__/fixtures';
import { describeCurrent } from '../../../models/notebook/current';
import { statusBarPlugin } from '../statusbar';

const trans = nullTranslator.load('tfenv_lab');
const OURS = { conda_env_path: '/home/ada/.conda/envs/tf219' };

let app: FakeApp;
let item: IStatusBar.IItem;

/** Open a JupyterLab with a status bar, without opening the panel. */
function open(kernels: Record<string, object> = {}): void {
  app = new FakeApp(
    new FakeServer({
      'GET environments': { environments: [environment('tf219')] }
    })
  );
  app.kernelspecs = kernels;
  const statusBar: IStatusBar = {
    registerStatusItem: (_, registered) => {
      item = registered;
      Widget.attach(registered.item, document.body);
      return registered.item;
    }
  };
  app.activate(statusBarPlugin, statusBar, null);
}

afterEach(() => {
  item.item.dispose();
  app.dispose();
});

/** Count the requests for the environments. */
const asked = (): number =>
  app.server.calls.filter(call => call === 'GET environments').length;
const isShown = (): boolean | undefined => item.isActive?.();

describe('the status bar', () => {
  it('offers to restart the kernel after an update, until that was done', async () => {
    open({ 'conda-env-tf219-py': OURS });
    const { environments } = app.manager;
    const serve = (...outdated_kernels: string[]): void => {
      const shown = environment('tf219', { outdated_kernels });
      app.server.routes['GET environments'] = { environments: [shown] };
    };
    const button = (): HTMLElement | null =>
      within(item.item.node).queryByRole('button', { name: 'Restart kernel' });
    serve('k1', 'k2');
    environments.setCurrent('conda-env-tf219-py', 'k1');
    await waitFor(() => expect(button()).not.toBeNull());
    serve('k2');
    await environments.refresh();
    await waitFor(() => expect(button()).toBeNull());
  });

  it('names the environment of the current notebook, and opens its details', async () => {
    open({ 'conda-env-tf219-py': OURS });
    expect(isShown()).toBe(false);
    app.manager.environments.currentKernel = 'conda-env-tf219-py';
    await waitFor(() => expect(isShown()).toBe(true));
    fireEvent.click(await screen.findByText('tf219 · TensorFlow 2.19.1 · CPU'));
    await waitFor(() =>
      expect(app.manager.navigation.screen).toMatchObject({
        name: 'details',
        environment: 'id-tf219'
      })
    );
  });

  it('is empty and sends no request for a kernel of something else', async () => {
    open({ python3: {} });
    app.manager.environments.currentKernel = 'python3';
    app.manager.environments.currentKernel = 'gone';
    await Promise.resolve();
    expect(isShown()).toBe(false);
    expect(asked()).toBe(0);
  });

  it('appears if the kernelspecs load after the kernel', async () => {
    open();
    app.manager.environments.currentKernel = 'conda-env-tf219-py';
    expect(asked()).toBe(0);
    app.kernelspecs = { 'conda-env-tf219-py': OURS };
    await waitFor(() => expect(isShown()).toBe(true));
  });

  it('sends one request for a kernel without an environment', async () => {
    open({ 'conda-env-other-py': OURS });
    app.manager.environments.currentKernel = 'conda-env-other-py';
    await waitFor(() => expect(asked()).toBe(1));
    await app.manager.environments.refresh();
    expect(isShown()).toBe(false);
    expect(asked()).toBe(2);
  });

  it('disappears when the notebook is closed', async () => {
    open({ 'conda-env-tf219-py': OURS });
    app.manager.environments.currentKernel = 'conda-env-tf219-py';
    await waitFor(() => expect(isShown()).toBe(true));
    app.manager.environments.currentKernel = null;
    expect(isShown()).toBe(false);
  });
});

describe('describeCurrent', () => {
  it.each([
    [{}, 'tf219 · TensorFlow 2.19.1 · CPU'],
    [
      {
        tensorflow: {
          version: '2.20.0',
          build: null,
          variant: null,
          source: 'pypi' as const
        }
      },
      'tf219 · TensorFlow 2.20.0'
    ],
    [{ tensorflow: null }, 'tf219 · no TensorFlow']
  ])('of %j is %s', (change, text) => {
    expect(describeCurrent(environment('tf219', change), trans)).toBe(text);
  });
});

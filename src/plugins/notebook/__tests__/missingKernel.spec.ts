import { waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeNotebook } from '../../../__tests__/fakeNotebook';
import { FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import {
  environment,
  job,
  plan,
  record,
  STATUS
} from '../../../__tests__/fixtures';
import type { Environment } from '../../../api/generated';
import { missingKernelPlugin } from '../missingKernel';
import { movingPlugin } from '../moving';

const KERNEL = 'conda-env-tf219-py';

let app: FakeApp;
let notebook: FakeNotebook;

/** Open a notebook that names a kernel, on a server with these environments. */
async function open(
  metadata: Record<string, unknown>,
  environments: readonly Environment[] = []
): Promise<void> {
  notebook = new FakeNotebook({ kernelspec: { name: KERNEL }, ...metadata });
  app = new FakeApp(
    new FakeServer({
      'GET status': STATUS,
      'GET environments': { environments },
      'GET tensorflow?prereleases=1': CATALOG,
      'GET jobs': { jobs: [] },
      'POST plans': plan('tf219')
    }),
    notebook.asTracker
  );
  app.activate(missingKernelPlugin, notebook.asTracker, null);
  app.activate(movingPlugin, notebook.asTracker, null);
}

const labels = (): string[] => app.toastActions.map(item => item.label);

/** Wait long enough for any notification. */
async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 50));
}

afterEach(() => app.dispose());

describe('a notebook whose kernel is missing', () => {
  it('recreates the recorded environment, and gets its kernel', async () => {
    await open({ tfenv_lab: record('tf219') });
    notebook.open();
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'analysis.ipynb uses the environment tf219 (TensorFlow 2.19.1), which is not on this server.'
      ])
    );
    expect(labels()).toEqual(['Recreate Environment…', 'Choose Kernel…']);
    app.pressToast('Recreate Environment…');
    await waitFor(() =>
      expect(app.server.body('POST plans')).toEqual({
        kind: 'import',
        name: 'tf219',
        content: JSON.stringify(record('tf219')),
        format: 'notebook'
      })
    );
    expect(app.manager.navigation.screen.name).toBe('review');

    const running = job('7', 'tf219', { kind: 'import' });
    app.emit(running);
    app.server.routes['GET environments'] = {
      environments: [environment('tf219')]
    };
    app.finish(running);
    await waitFor(() => expect(notebook.switched).toEqual([KERNEL]));
  });

  it('gets the kernel of its environment offered if that was renamed', async () => {
    const renamed = environment('tf220', {
      former_kernels: ['conda-env-old-py', KERNEL]
    });
    await open({ tfenv_lab: record('tf219') }, [environment('other'), renamed]);
    notebook.open();
    await waitFor(() =>
      expect(app.toasts).toEqual(['analysis.ipynb uses the old name of tf220.'])
    );
    expect(labels()).toEqual(['Switch to tf220']);
    app.pressToast('Switch to tf220');
    await waitFor(() =>
      expect(notebook.switched).toEqual(['conda-env-tf220-py'])
    );
  });

  it('is not offered a renamed environment without a kernel', async () => {
    const hidden = environment('tf220', {
      kernel: null,
      former_kernels: [KERNEL]
    });
    await open({ tfenv_lab: record('tf219') }, [hidden]);
    notebook.open();
    await waitFor(() => expect(labels()).toContain('Recreate Environment…'));
  });

  it('does not ask for another kernel first', async () => {
    await open({ tfenv_lab: record('tf219') });
    notebook.open();
    notebook.prefer(KERNEL);
    const { sessionContext } = notebook.panel;
    expect(sessionContext.kernelPreference.shouldStart).toBe(false);
    notebook.prefer('julia-1.11');
    expect(sessionContext.kernelPreference.shouldStart).toBeUndefined();
  });

  it('gets a kernel that was registered after the last refresh', async () => {
    await open({ tfenv_lab: record('tf219') });
    app.made = { [KERNEL]: {} };
    notebook.open();
    await waitFor(() => expect(notebook.switched).toEqual([KERNEL]));
    expect(app.toasts).toEqual([]);
  });

  it.each([
    ['conda-env-TF219-py', 'conda-env-tf219-py'],
    ['conda-env-tf219-py', 'conda-env-TF219-py']
  ])('named %s gets what is listed as %s', async (named, listed) => {
    await open({ kernelspec: { name: named } });
    app.kernelspecs = { [listed]: {} };
    app.made = { [listed]: {} };
    notebook.open();
    await waitFor(() => expect(notebook.switched).toEqual([listed]));
    expect(app.toasts).toEqual([]);
  });

  it('creates an environment of that name without a record', async () => {
    await open({});
    notebook.open();
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'analysis.ipynb uses the kernel conda-env-tf219-py, which is not on this server.'
      ])
    );
    app.pressToast('Create Environment…');
    await waitFor(() => expect(app.manager.navigation.screen.name).toBe('new'));
    expect(app.manager.navigation.draft.name).toBe('tf219');
  });

  it('can use an environment with the same TensorFlow', async () => {
    const other = environment('other', {
      kernel: { name: 'conda-env-other-py', display_name: 'other' }
    });
    const newer = environment('newer', {
      tensorflow: { ...other.tensorflow!, version: '2.20.0' }
    });
    await open({ tfenv_lab: record('tf219') }, [newer, other]);
    notebook.open();
    await waitFor(() => expect(labels()).toContain('Use other'));
    app.pressToast('Use other');
    await waitFor(() =>
      expect(notebook.switched).toEqual(['conda-env-other-py'])
    );
  });

  it('is not switched to an unrelated environment', async () => {
    await open({ tfenv_lab: record('tf219') });
    notebook.open();
    await waitFor(() => expect(app.toasts).toHaveLength(1));
    app.pressToast('Recreate Environment…');
    for (const change of [
      { prefix: '/home/ada/.conda/envs/elsewhere' },
      { state: 'failed' as const },
      { kind: 'delete' as const }
    ]) {
      const running = job('8', 'tf219', { kind: 'import', ...change });
      app.emit({ ...running, state: 'running' });
      app.finish(running, change);
    }
    await settled();
    expect(notebook.switched).toEqual([]);
  });
});

describe('a notebook with a kernel, or a kernel of something else', () => {
  it.each([
    ['there', { kernelspec: { name: KERNEL } }],
    ['not ours', { kernelspec: { name: 'julia-1.11' } }],
    ['not named', {}]
  ])('says nothing: %s', async (_, metadata) => {
    await open({ kernelspec: undefined, ...metadata });
    app.kernelspecs = { [KERNEL]: {} };
    notebook.open();
    await settled();
    expect(app.toasts).toEqual([]);
  });
});

import type {
  INotebookTracker,
  Notebook,
  NotebookPanel
} from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import { waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { environment, plan } from '../../../__tests__/fixtures';
import type { Environment } from '../../../api/generated';
import { importHelpPlugin } from '../importHelp';

const bare = environment('bare', {
  tensorflow: null,
  keras: null,
  kernel: { name: 'conda-env-bare-py', display_name: 'bare (Python 3.11)' }
});
const tf219 = environment('tf219');

const SPECS = 'POST conda-specs';

let app: FakeApp;
/** Names of the kernels that the notebook was switched to. */
let switched: string[];

/** Open a notebook with a kernel, in a JupyterLab with these environments. */
function open(
  kernel: string,
  environments: Environment[] = [bare, tf219],
  helpInCells = true
): ICell {
  switched = [];
  const notebook = {} as Notebook;
  const changed = new Signal<object, void>({});
  const panel = {
    id: 'notebook-1',
    content: notebook,
    sessionContext: {
      session: { kernel: { name: kernel } },
      kernelDisplayName: 'Python 3 (ipykernel)',
      kernelChanged: changed,
      changeKernel: async ({ name }: { name: string }) => switched.push(name)
    }
  } as unknown as NotebookPanel;
  const tracker = {
    currentWidget: null,
    currentChanged: changed,
    widgetAdded: changed,
    forEach: () => undefined,
    find: (test: (panel: NotebookPanel) => boolean) =>
      test(panel) ? panel : undefined
  } as unknown as INotebookTracker;
  const registry: Pick<ISettingRegistry, 'load'> = {
    load: async () =>
      ({
        get: () => ({ composite: helpInCells }),
        changed
      }) as unknown as ISettingRegistry.ISettings
  };
  app = new FakeApp(
    new FakeServer({
      'GET environments': { environments },
      'GET tensorflow?prereleases=1': CATALOG,
      'POST plans': plan('bare')
    }),
    tracker
  );
  app.activate(importHelpPlugin, tracker, null, registry);
  return new FakeCell(notebook);
}

interface ICell {
  fail(errorName: string, errorValue: string): void;
  schedule(source: string): void;
}

class FakeCell implements ICell {
  constructor(private readonly _notebook: Notebook) {}

  fail(errorName: string, errorValue: string): void {
    const error = Object.assign(new Error(), {
      errorName,
      errorValue,
      traceback: []
    });
    this._emit(NotebookActions.executed, { success: false, error });
  }

  schedule(source: string): void {
    this._source = source;
    this._emit(NotebookActions.executionScheduled, {});
  }

  private _emit(signal: unknown, more: object): void {
    (signal as Signal<object, object>).emit({
      notebook: this._notebook,
      cell: { model: this._model },
      ...more
    });
  }

  private _source = '';
  private readonly _model = {
    type: 'code',
    sharedModel: { getSource: () => this._source }
  };
}

const labels = (): string[] => app.toastActions.map(item => item.label);

/** Wait long enough for any request or notification. */
async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 50));
}

afterEach(() => {
  app.dispose();
  Signal.disconnectAll(NotebookActions.executed);
  Signal.clearData(NotebookActions);
});

describe('a failed import of TensorFlow', () => {
  it('names the environment, and switches to one that has the module', async () => {
    open('conda-env-bare-py').fail(
      'ModuleNotFoundError',
      "No module named 'tensorflow'"
    );
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'tensorflow is not installed in the environment “bare”.'
      ])
    );
    expect(labels()).toEqual([
      'Switch to tf219',
      'Install…',
      'New Environment…'
    ]);
    app.pressToast('Switch to tf219');
    await waitFor(() => expect(switched).toEqual(['conda-env-tf219-py']));
  });

  it('is fixed by a plan', async () => {
    open('conda-env-bare-py').fail(
      'ModuleNotFoundError',
      "No module named 'tensorflow'"
    );
    await waitFor(() => expect(app.toasts).toHaveLength(1));
    app.pressToast('Install…');
    await waitFor(() =>
      expect(app.server.body('POST plans')).toEqual({
        kind: 'install',
        environment: 'id-bare',
        specs: ['tensorflow']
      })
    );
    expect(app.manager.navigation.screen.name).toBe('review');
  });

  it('names the kernel if it belongs to no environment', async () => {
    open('python3').fail('ModuleNotFoundError', "No module named 'keras'");
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'keras is not installed in the kernel “Python 3 (ipykernel)”.'
      ])
    );
    expect(labels()).toEqual(['Switch to tf219', 'New Environment…']);
  });

  it('offers a check if the module is installed', async () => {
    open('conda-env-tf219-py').fail(
      'ImportError',
      "cannot import name 'layers' from 'keras' (x)"
    );
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'keras cannot be imported in the environment “tf219”.'
      ])
    );
    expect(labels()).toEqual(['Check Environment', 'New Environment…']);
  });

  it('shows one notification for each cell', async () => {
    const cell = open('conda-env-bare-py');
    cell.fail('ModuleNotFoundError', "No module named 'tensorflow'");
    await waitFor(() => expect(app.toasts).toHaveLength(1));
    cell.fail('ModuleNotFoundError', "No module named 'tf_keras'");
    await waitFor(() => expect(app.toasts[0]).toMatch(/^tf_keras/));
    expect(app.toasts).toHaveLength(1);
  });

  it('is ignored if the setting is off', async () => {
    const cell = open('conda-env-bare-py', [bare, tf219], false);
    await settled();
    cell.fail('ModuleNotFoundError', "No module named 'tensorflow'");
    cell.schedule('%pip install tensorflow');
    await settled();
    expect(app.toasts).toEqual([]);
    expect(app.server.calls).not.toContain('GET environments');
  });
});

describe('a failed import of another module', () => {
  it('offers the package under its own name', async () => {
    const cell = open('conda-env-bare-py');
    app.server.routes[SPECS] = { specs: ['pypi:opencv-python'] };
    cell.fail('ModuleNotFoundError', "No module named 'cv2'");
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'cv2 is not installed in the environment “bare”.'
      ])
    );
    app.pressToast('Install opencv-python…');
    await waitFor(() =>
      expect(app.server.body('POST plans')).toMatchObject({
        specs: ['pypi:opencv-python']
      })
    );
    expect(app.server.body(SPECS)).toEqual({ module: 'cv2' });
  });

  it('shows the error if the search fails', async () => {
    open('conda-env-bare-py').fail(
      'ModuleNotFoundError',
      "No module named 'pandas'"
    );
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'pandas is not installed in the environment “bare”. The package search failed: No such path.'
      ])
    );
    expect(labels()).toEqual([]);
  });

  it('is answered although no source has such a package', async () => {
    const cell = open('conda-env-bare-py');
    app.server.routes[SPECS] = { specs: [] };
    cell.fail('ModuleNotFoundError', "No module named 'my_own'");
    await waitFor(() =>
      expect(app.toasts).toEqual([
        expect.stringContaining('No channel and no package index has a package')
      ])
    );
    expect(app.toastActions).toEqual([]);
  });

  it('is ignored if the kernel belongs to no environment', async () => {
    open('python3').fail('ModuleNotFoundError', "No module named 'cv2'");
    await settled();
    expect(app.toasts).toEqual([]);
  });

  it('sends no request for other exceptions', async () => {
    open('conda-env-bare-py').fail(
      'NameError',
      "name 'tensorflow' is not defined"
    );
    await settled();
    expect(app.server.calls).not.toContain('GET environments');
  });
});

describe('pip in a cell', () => {
  it('gets a plan to use instead', async () => {
    const cell = open('conda-env-bare-py');
    app.server.routes[SPECS] = { specs: ['tensorflow 2.19.*'] };
    cell.schedule('%pip install -q tensorflow==2.19.*');
    await waitFor(() => expect(labels()).toEqual(['Review Plan…']));
    expect(app.toasts[0]).toContain('bare');
    app.pressToast('Review Plan…');
    await waitFor(() =>
      expect(app.server.body('POST plans')).toMatchObject({
        environment: 'id-bare',
        specs: ['tensorflow 2.19.*']
      })
    );
    expect(app.server.body(SPECS)).toEqual({
      arguments: ['-q', 'tensorflow==2.19.*']
    });
  });

  it('is ignored outside of environments, and for other packages', async () => {
    const outside = open('python3');
    app.server.routes[SPECS] = { specs: ['tensorflow'] };
    outside.schedule('%pip install tensorflow');
    await settled();
    const cell = open('conda-env-bare-py');
    app.server.routes[SPECS] = { specs: [] };
    cell.schedule('%pip install pandas');
    await settled();
    expect(app.toasts).toEqual([]);
  });

  it('is ignored if the server does not answer', async () => {
    open('conda-env-bare-py').schedule('%pip install tensorflow');
    await settled();
    expect(app.server.calls).toContain(SPECS);
    expect(app.toasts).toEqual([]);
  });
});

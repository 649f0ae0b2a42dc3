import { NotebookActions } from '@jupyterlab/notebook';
import { waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeNotebook } from '../../../__tests__/fakeNotebook';
import { FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { environment, job, plan, STATUS } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { movingPlugin } from '../moving';

const OLD = 'conda-env-tf219-py';
const NEW = 'conda-env-tf220-py';

const CREATE = {
  kind: 'create' as const,
  name: 'tf220',
  tensorflow: '2.20.*',
  python: null,
  variant: 'auto' as const,
  packages: []
};

let app: FakeApp;
let notebook: FakeNotebook;

beforeEach(() => {
  notebook = new FakeNotebook({ kernelspec: { name: OLD } }, OLD);
  Object.assign(notebook.panel, {
    content: {
      activeCellIndex: 0,
      deselectAll: () => undefined,
      widgets: ['cell-0', 'cell-1'].map(id => ({ model: { id } }))
    }
  });
  app = new FakeApp(
    new FakeServer({
      'GET status': STATUS,
      'GET environments': { environments: [environment('tf219')] },
      'GET tensorflow?prereleases=1': CATALOG,
      'GET jobs': { jobs: [] },
      'POST plans': plan('tf220')
    }),
    notebook.asTracker
  );
  app.activate(movingPlugin, notebook.asTracker, null);
  notebook.open();
});

afterEach(() => {
  app.dispose();
  jest.restoreAllMocks();
});

/** Create an environment, and let its job end. */
async function create(): Promise<void> {
  const running = job('7', 'tf220');
  app.server.routes['POST jobs'] = running;
  const { commands } = app;
  await commands.execute(CommandIDs.makePlan, { request: CREATE });
  await commands.execute(CommandIDs.applyPlan, { plan: 'plan-tf220' });
  app.server.routes['GET environments'] = {
    environments: [environment('tf219'), environment('tf220')]
  };
  app.finish(running);
}

describe('a new environment for a notebook whose cell failed', () => {
  it('gets the notebook, and the cell can run again', async () => {
    const run = jest.spyOn(NotebookActions, 'run').mockResolvedValue(true);
    await app.commands.execute(CommandIDs.newEnvironment, {
      notebook: 'notebook-1',
      cell: 'cell-1'
    });
    await create();
    await waitFor(() => expect(notebook.switched).toEqual([NEW]));
    await waitFor(() =>
      expect(app.toasts).toContain('analysis.ipynb now uses tf220.')
    );
    app.pressToast('Run Cell Again');
    const { activeCellIndex, widgets } = run.mock.calls[0][0];
    expect(widgets[activeCellIndex].model.id).toBe('cell-1');
  });

  it('leaves the notebook alone after the user left the form', async () => {
    await app.commands.execute(CommandIDs.newEnvironment, {
      notebook: 'notebook-1',
      cell: 'cell-1'
    });
    app.manager.navigation.back();
    await create();
    await waitFor(() => expect(app.toasts).toEqual(['tf220 is ready.']));
    expect(notebook.switched).toEqual([]);
  });

  it('leaves the notebook alone if it was opened from the panel', async () => {
    await app.commands.execute(CommandIDs.newEnvironment);
    await create();
    await waitFor(() => expect(app.toasts).toEqual(['tf220 is ready.']));
    expect(notebook.switched).toEqual([]);
  });
});

describe('a renamed environment', () => {
  it('is offered to the open notebooks that used it', async () => {
    await app.manager.environments.refresh();
    const running = job('8', 'tf220', {
      kind: 'rename',
      request: { kind: 'rename', environment: 'id-tf219', name: 'tf220' }
    });
    app.emit(running);
    app.server.routes['GET environments'] = {
      environments: [environment('tf220')]
    };
    app.finish(running);
    await waitFor(() =>
      expect(app.toasts).toContain('analysis.ipynb uses the old name of tf220.')
    );
    app.pressToast('Switch to tf220');
    await waitFor(() => expect(notebook.switched).toEqual([NEW]));
  });
});

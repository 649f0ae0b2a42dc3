import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeNotebook } from '../../../__tests__/fakeNotebook';
import { FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { environment, plan, record, STATUS } from '../../../__tests__/fixtures';
import type { NotebookRecord } from '../../../api/generated';
import { CommandIDs } from '../../../commandids';
import { StatusItem } from '../../../widgets/statusItem';
import { recordPlugin } from '../record';

const KERNEL = 'conda-env-tf219-py';
const EXPORT =
  'GET environments/id-tf219/export?format=notebook&specs=requested';
const COMPARE = 'POST environments/id-tf219/differences';

let app: FakeApp;
let notebook: FakeNotebook;

/** Open a notebook with a kernel and these settings. */
async function open(
  metadata: Record<string, unknown> = {},
  settings: Record<string, boolean> = {},
  kernel = KERNEL
): Promise<void> {
  notebook = new FakeNotebook(metadata, kernel);
  app = new FakeApp(
    new FakeServer({
      'GET status': STATUS,
      'GET environments': { environments: [environment('tf219')] },
      'GET tensorflow?prereleases=1': CATALOG,
      'GET jobs': { jobs: [] },
      [EXPORT]: JSON.stringify(record('tf219')),
      [COMPARE]: { differences: [] }
    }),
    notebook.asTracker
  );
  const registry: Pick<ISettingRegistry, 'load'> = {
    load: async () =>
      ({
        get: (name: string) => ({ composite: settings[name] }),
        changed: new Signal<object, void>({})
      }) as unknown as ISettingRegistry.ISettings
  };
  app.activate(recordPlugin, notebook.asTracker, null, registry, null);
  await app.manager.environments.refresh();
  notebook.open();
}

afterEach(() => app.dispose());

describe('recording the environment of a notebook', () => {
  it('writes the record to the metadata', async () => {
    await open();
    await app.commands.execute(CommandIDs.recordEnvironment);
    expect(notebook.metadata).toEqual({ tfenv_lab: record('tf219') });
    expect(app.toasts).toEqual(['tf219 is recorded in the notebook.']);
  });

  it('leaves out the exact packages if the setting is off', async () => {
    await open({}, { recordLock: false });
    await app.commands.execute(CommandIDs.recordEnvironment);
    expect(notebook.metadata.tfenv_lab).toEqual(
      record('tf219', { lock: null })
    );
  });

  it('reports a kernel that belongs to no environment', async () => {
    await open({}, {}, 'python3');
    await app.commands.execute(CommandIDs.recordEnvironment);
    expect(notebook.metadata).toEqual({});
    expect(app.toasts).toEqual([
      "This notebook's kernel does not belong to a known environment."
    ]);
  });

  it('happens on save if the setting is on', async () => {
    await open({}, { recordOnSave: true });
    await waitFor(() => expect(app.server.calls).toContain(EXPORT));
    await waitFor(() => expect(notebook.save()).toHaveProperty('tfenv_lab'));
    expect(notebook.metadata.tfenv_lab).toEqual(record('tf219'));
  });

  it('follows on a save that was earlier than the answer of the server', async () => {
    await open({}, { recordOnSave: true });
    expect(notebook.save()).toEqual({});
    await waitFor(() =>
      expect(notebook.file).toEqual({ tfenv_lab: record('tf219') })
    );
  });

  it('is up to date on the first save after packages changed', async () => {
    await open({}, { recordOnSave: true });
    await waitFor(() => expect(notebook.save()).toHaveProperty('tfenv_lab'));
    const changed = record('tf219', { fingerprint: 'changed' });
    app.server.routes[EXPORT] = JSON.stringify(changed);
    const environments = [
      environment('tf219', { modified: '2026-05-01T00:00:00Z' })
    ];
    app.server.routes['GET environments'] = { environments };
    const reads = (): number =>
      app.server.calls.filter(call => call === EXPORT).length;
    const before = reads();
    await app.manager.environments.refresh();
    await waitFor(() => expect(reads()).toBeGreaterThan(before));
    await waitFor(() =>
      expect(notebook.save()).toEqual({ tfenv_lab: changed })
    );
  });

  it('happens without a save in a document that several people edit', async () => {
    await open({}, { recordOnSave: true });
    notebook.panel.context.model.collaborative = true;
    await waitFor(() =>
      expect(notebook.metadata).toEqual({ tfenv_lab: record('tf219') })
    );
  });

  it('is current in a document that the server saves, if another program changes packages', async () => {
    await open({}, { recordOnSave: true });
    const { model } = notebook.panel.context;
    model.collaborative = true;
    await waitFor(() =>
      expect(notebook.metadata).toEqual({ tfenv_lab: record('tf219') })
    );
    const later = record('tf219', { keras: '3.11.0' });
    app.server.routes[EXPORT] = JSON.stringify(later);
    app.server.routes['GET environments'] = {
      environments: [
        environment('tf219', { modified: '2026-01-02T00:00:00.000Z' })
      ]
    };
    model.contentChanged.emit();
    await waitFor(() =>
      expect(notebook.metadata).toEqual({ tfenv_lab: later })
    );
  });

  it('does not happen on save if the setting is off', async () => {
    await open();
    notebook.save();
    await app.manager.environments.refresh();
    expect(notebook.save()).toEqual({});
    expect(app.server.calls).not.toContain(EXPORT);
  });
});

describe('a notebook whose environment differs from its record', () => {
  const differences = [
    { name: 'tensorflow', recorded: '2.19.1 cpu_0', installed: '2.20.0 cpu_0' },
    { name: 'left-pad', recorded: '1.0 0', installed: null }
  ];

  async function differ(change: Partial<NotebookRecord> = {}): Promise<Widget> {
    await open({ tfenv_lab: record('tf219', change) });
    app.server.routes[COMPARE] = { differences };
    const item = new StatusItem({
      environments: app.manager.environments,
      records: app.manager.records,
      commands: app.commands,
      trans: nullTranslator.load('tfenv_lab')
    });
    Widget.attach(item, document.body);
    notebook.setKernel(KERNEL);
    return item;
  }

  it('shows it in the status bar, and the differences in a dialog', async () => {
    const item = await differ();
    fireEvent.click(await screen.findByText('Differs from record'));
    await screen.findByText(
      'Differences Between tf219 and the Notebook Record'
    );
    screen.getByRole('row', { name: 'tensorflow 2.19.1 cpu_0 2.20.0 cpu_0' });
    screen.getByRole('row', { name: 'left-pad 1.0 0 none' });
    app.server.routes['POST plans'] = plan('tf219-2');
    fireEvent.click(
      screen.getByRole('button', { name: 'Recreate Environment…' })
    );
    await waitFor(() =>
      expect(app.server.body('POST plans')).toEqual({
        kind: 'import',
        name: 'tf219-2',
        content: JSON.stringify(record('tf219')),
        format: 'notebook'
      })
    );
    item.dispose();
  });

  it('shows nothing once there are no differences', async () => {
    const item = await differ();
    await screen.findByText('Differs from record');
    app.server.routes[COMPARE] = { differences: [] };
    app.server.routes['GET environments'] = {
      environments: [environment('tf219', { modified: '2026-04-01T00:00:00Z' })]
    };
    await app.manager.environments.refresh();
    await waitFor(() =>
      expect(screen.queryByText('Differs from record')).toBeNull()
    );
    item.dispose();
  });

  it('says nothing if the server cannot compare them', async () => {
    const item = await differ();
    await screen.findByText('Differs from record');
    delete app.server.routes[COMPARE];
    app.server.routes['GET environments'] = {
      environments: [environment('tf219', { modified: '2026-04-01T00:00:00Z' })]
    };
    await app.manager.environments.refresh();
    await waitFor(() =>
      expect(screen.queryByText('Differs from record')).toBeNull()
    );
    expect(app.manager.records.comparison).toBeNull();
    item.dispose();
  });
});

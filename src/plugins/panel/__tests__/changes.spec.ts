import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import {
  check,
  entry,
  environment,
  job,
  plan
} from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

/** The server's answer about an environment that a notebook uses. */
const USED = {
  kernels: [
    {
      id: 'k1',
      name: 'conda-env-tf219-py',
      notebook: 'work/model.ipynb',
      outdated: false
    }
  ]
};

let app: FakeApp;

afterEach(() => app.dispose());

async function click(name: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name }));
}

describe('an update', () => {
  const shown = environment('tf219', {
    update: { tensorflow: '2.20.0', keras: null }
  });
  const running = job('8', 'tf219', {
    kind: 'update',
    environment: shown.id,
    prefix: shown.prefix
  });

  async function review(): Promise<void> {
    app = await FakeApp.open([shown]);
    app.server.routes['POST plans'] = plan('tf219', {
      kind: 'update',
      entries: [entry('upgrade', 'tensorflow', '2.19.1', '2.20.0')]
    });
    app.server.routes['POST jobs'] = running;
    await click('↑ 2.20: Update tf219 to TensorFlow 2.20.0');
    await screen.findByText('2.19.1 → 2.20.0');
  }

  it('is reviewed and applied, and offers to restart the kernels', async () => {
    await review();
    expect(app.server.body('POST plans')).toEqual({
      kind: 'update',
      environment: shown.id,
      packages: ['tensorflow']
    });
    await click('Update');
    await screen.findByRole('progressbar');
    const name = shown.kernel?.name ?? '';
    app.running = [{ id: 'k1', name }];
    app.server.routes['GET environments'] = {
      environments: [environment('tf219')]
    };
    app.finish(running);
    await waitFor(() => expect(app.toasts).toEqual(['tf219 was updated.']));
    const labels = app.toastActions.map(action => action.label);
    expect(labels).toEqual(['Restart Kernel', 'Open Notebook']);
  });

  it('changes a copy with one click', async () => {
    await review();
    await click('Use a Copy Instead');
    await waitFor(() =>
      expect(app.server.body('POST plans')).toMatchObject({
        into: 'tf219-copy'
      })
    );
    await screen.findByRole('button', { name: 'Create tf219-copy' });
  });

  it('reports that the environment has changed, and plans again', async () => {
    await review();
    app.server.routes['POST jobs'] = failure(
      409,
      'stale-plan',
      'tf219 changed since the plan was made.'
    );
    await click('Update');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('changed since the plan was made');
    const { length } = app.server.calls.filter(call => call === 'POST plans');
    await click('Plan Again');
    await waitFor(() =>
      expect(
        app.server.calls.filter(call => call === 'POST plans')
      ).toHaveLength(length + 1)
    );
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('deleting', () => {
  it('lists what is deleted, and asks first', async () => {
    app = await FakeApp.open();
    const args = { environment: 'id-tf219' };
    const asked = app.commands.execute(CommandIDs.deleteEnvironment, args);
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('/home/ada/.conda/envs/tf219');
    expect(dialog.textContent).toContain('tf219 (TensorFlow 2.19.1)');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await asked;
    expect(app.server.calls).not.toContain('DELETE environments/id-tf219');
  });

  it('is a job like any other', async () => {
    app = await FakeApp.open();
    const { prefix } = environment('tf219');
    const running = job('9', 'tf219', { kind: 'delete', phase: null, prefix });
    app.server.routes['DELETE environments/id-tf219'] = running;
    const args = { environment: 'id-tf219' };
    const asked = app.commands.execute(CommandIDs.deleteEnvironment, args);
    const dialog = await screen.findByRole('dialog');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
    await asked;
    await screen.findByRole('progressbar', { name: 'Progress of tf219' });
    app.server.routes['GET environments'] = { environments: [] };
    app.finish(running);
    await waitFor(() => expect(app.toasts).toEqual(['tf219 was deleted.']));
    expect(screen.queryByRole('button', { name: 'tf219' })).toBeNull();
  });

  it.each([
    ['shuts down the kernels that use it first', true],
    ['keeps them if the user wants that', false]
  ])('%s', async (_, isShutDown) => {
    app = await FakeApp.open();
    const path = 'environments/id-tf219';
    app.server.routes[`GET ${path}/kernels`] = USED;
    app.server.routes[`DELETE ${path}/kernels`] = { kernels: [] };
    app.server.routes[`DELETE ${path}`] = job('9', 'tf219', { kind: 'delete' });
    const args = { environment: 'id-tf219' };
    const asked = app.commands.execute(CommandIDs.deleteEnvironment, args);
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('work/model.ipynb');
    if (!isShutDown) {
      fireEvent.click(within(dialog).getByRole('checkbox'));
    }
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
    await asked;
    const calls = app.server.calls.filter(call => call.startsWith('DELETE'));
    const first = isShutDown ? [`DELETE ${path}/kernels`] : [];
    expect(calls).toEqual([...first, `DELETE ${path}`]);
  });

  it('is disabled for a protected environment, with the reason', async () => {
    const base = environment('base', {
      protected: true,
      protected_reason: 'It is the base environment.'
    });
    app = await FakeApp.open([base]);
    const args = { environment: base.id };
    const id = CommandIDs.deleteEnvironment;
    expect(app.commands.isEnabled(id, args)).toBe(false);
    expect(app.commands.caption(id, args)).toBe('It is the base environment.');
  });
});

describe('a new name', () => {
  it('is asked for and reviewed', async () => {
    app = await FakeApp.open();
    app.server.routes['POST plans'] = plan('thesis', { kind: 'rename' });
    const asked = app.commands.execute(CommandIDs.renameEnvironment, {
      environment: 'id-tf219'
    });
    const dialog = await screen.findByRole('dialog');
    fireEvent.change(within(dialog).getByRole('textbox'), {
      target: { value: 'thesis' }
    });
    fireEvent.click(
      within(dialog).getByRole('button', { name: 'Review Plan…' })
    );
    await asked;
    await screen.findByRole('button', { name: 'Rename' });
    expect(app.server.body('POST plans')).toEqual({
      kind: 'rename',
      environment: 'id-tf219',
      name: 'thesis'
    });
  });
});

describe('a new name for an environment in use', () => {
  async function apply(): Promise<HTMLElement> {
    app = await FakeApp.open();
    app.server.routes['POST plans'] = plan('thesis', { kind: 'rename' });
    app.server.routes['GET environments/id-tf219/kernels'] = USED;
    app.server.routes['DELETE environments/id-tf219/kernels'] = { kernels: [] };
    app.server.routes['POST jobs'] = job('6', 'thesis', { kind: 'rename' });
    const request = { kind: 'rename', environment: 'id-tf219', name: 'thesis' };
    await app.commands.execute(CommandIDs.makePlan, { request });
    await click('Rename');
    return screen.findByRole('dialog');
  }

  it('names the notebooks, and shuts their kernels down first', async () => {
    const dialog = await apply();
    await within(dialog).findByText('work/model.ipynb');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Rename' }));
    await waitFor(() => expect(app.server.calls).toContain('POST jobs'));
    const calls = app.server.calls.filter(call => !call.startsWith('GET'));
    expect(calls).toEqual([
      'POST plans',
      'DELETE environments/id-tf219/kernels',
      'POST jobs'
    ]);
  });

  it('changes nothing if the user cancels', async () => {
    const dialog = await apply();
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(app.server.calls).not.toContain('POST jobs');
  });
});

describe('a check', () => {
  it('opens the check tab, and shows a notification', async () => {
    app = await FakeApp.open();
    const running = job('5', 'tf219', { kind: 'check', phase: 'check' });
    app.server.routes['POST environments/id-tf219/checks'] = running;
    await app.commands.execute(CommandIDs.checkEnvironment, {
      environment: 'id-tf219'
    });
    const tab = await screen.findByRole('tab', { name: 'Check' });
    expect(tab.getAttribute('aria-selected')).toBe('true');
    app.finish(running, { result: check() });
    await screen.findByText('✓ Works');
    await waitFor(() => expect(app.toasts).toEqual(['tf219 works.']));
  });

  it('shows an error in a notification', async () => {
    app = await FakeApp.open();
    await app.commands.execute(CommandIDs.checkEnvironment, {
      environment: 'id-tf219'
    });
    expect(app.toasts).toEqual(['No such path.']);
  });
});

describe('what could not be deleted', () => {
  const removed = environment('tf219');
  const running = job('9', 'tf219', {
    kind: 'delete',
    environment: removed.id,
    prefix: removed.prefix
  });
  const leftovers = [
    {
      path: '/home/ada/.conda/envs/.tfenv-trash-9-tf219',
      files: 3,
      bytes: 142e6,
      reason: '/home/ada/.conda/envs/.tfenv-trash-9-tf219/lib: Not permitted'
    }
  ];

  it.each(['with the end of the job', 'a moment later'])(
    'is shown in a notification, %s',
    async when => {
      app = await FakeApp.open([]);
      app.emit(running);
      if (when === 'with the end of the job') {
        app.finish(running, { leftovers });
      } else {
        app.finish(running);
        app.finish(running, { leftovers });
      }
      const message = 'tf219: 3 files (142 MB) could not be deleted.';
      await waitFor(() => expect(app.toasts).toContain(message));
      expect(app.toasts.filter(text => text === message)).toHaveLength(1);
      app.pressToast('Show Details');
      const dialog = await screen.findByRole('dialog');
      // The dialog opens before its body is rendered.
      const details = await within(dialog).findByText(/Not permitted/);
      expect(details.textContent).toContain(leftovers[0].path);
      fireEvent.click(within(dialog).getByText('Close'));
    }
  );
});

import { Notification } from '@jupyterlab/apputils';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import type { Job } from '../api/generated';
import { CommandIDs } from '../commandids';
import { FakeApp } from './fakeApp';
import { failure, FakeServer } from './fakeServer';
import {
  CATALOG,
  check,
  entry,
  environment,
  failedJob,
  job,
  plan,
  STATUS
} from './fixtures';

let app: FakeApp;
let server: FakeServer;

async function open(environments = [environment('tf219')]): Promise<void> {
  server = new FakeServer({
    'GET status': STATUS,
    'GET environments': { environments },
    'GET tensorflow': CATALOG,
    'GET jobs': { jobs: [] }
  });
  app = new FakeApp(server);
  await app.commands.execute(CommandIDs.openPanel);
  app.manager.environments.watched = true;
  await app.manager.environments.refresh();
}

afterEach(() => {
  app.dispose();
  Notification.dismiss();
});

async function click(name: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name }));
}

function toasts(): string[] {
  return Notification.manager.notifications.map(item => item.message);
}

function toastAction(label: string): void {
  const found = Notification.manager.notifications
    .flatMap(item => item.options.actions ?? [])
    .find(action => action.label === label);
  if (!found) {
    throw new Error(`no action ${label}`);
  }
  found.callback(new MouseEvent('click'));
}

/** Let the server finish a job. */
function finish(running: Job, change: Partial<Job> = {}): void {
  app.emit({
    ...running,
    state: 'succeeded',
    phase: null,
    finished: new Date().toISOString(),
    ...change
  });
}

describe('a new environment', () => {
  const running = job('7', 'tf219-2', { state: 'queued', phase: null });

  async function create(): Promise<void> {
    await open();
    server.routes['POST plans'] = plan('tf219-2');
    server.routes['POST jobs'] = running;
    await click('New');
    await click('Review');
    await waitFor(() => {
      screen.getByRole('heading', { name: 'Review: tf219-2' });
    });
    await screen.findByText('1 dependency');
    await click('Create');
    await screen.findByRole('progressbar', { name: 'Progress of tf219-2' });
  }

  it('takes three clicks', async () => {
    await create();
    expect(server.body('POST plans')).toMatchObject({
      kind: 'create',
      name: 'tf219-2',
      tensorflow: '2.19.*'
    });
    expect(server.body('POST jobs')).toEqual({ plan: 'plan-tf219-2' });
  });

  it('shows how far it is, in the panel and as one notification', async () => {
    await create();
    app.emit({ ...running, ...job('7', 'tf219-2') });
    await screen.findByText('downloading 212 / 340 MB');
    expect(toasts()).toEqual(['Creating tf219-2: downloading 212 / 340 MB']);
  });

  it('is a kernel at once, and opens a notebook', async () => {
    await create();
    server.routes['GET environments'] = {
      environments: [environment('tf219'), environment('tf219-2')]
    };
    finish(running);
    await waitFor(() => expect(toasts()).toEqual(['tf219-2 is ready.']));
    expect(app.specsRead).toBe(1);
    await screen.findByRole('button', { name: 'tf219-2' });
    toastAction('Open notebook');
    await waitFor(() =>
      expect(app.notebooks).toEqual(['conda-env-tf219-2-py'])
    );
  });

  it('can be cancelled', async () => {
    await create();
    const cancelled: Partial<Job> = { state: 'cancelled' };
    server.routes['DELETE jobs/7'] = { ...running, ...cancelled };
    await click('Cancel');
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
    await waitFor(() =>
      expect(toasts()).toEqual([
        'Creating tf219-2: cancelled, nothing changed.'
      ])
    );
  });

  it('says why it failed, and plans again on Retry', async () => {
    await create();
    const request = { kind: 'create' as const, name: 'tf219-2' };
    app.emit(failedJob('7', 'tf219-2', { request }));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain(
      'The channel conda-forge did not answer.'
    );
    fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
    await screen.findByRole('heading', { name: 'Review: tf219-2' });
    expect(server.body('POST plans')).toEqual(request);
  });

  it('keeps what was typed when the plan fails', async () => {
    await open();
    server.routes['POST plans'] = failure(
      422,
      'invalid-spec',
      'pandas=> is no spec.'
    );
    await click('New');
    const field = await screen.findByRole('textbox', { name: 'Name' });
    fireEvent.change(field, { target: { value: 'mine' } });
    await click('Review');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('pandas=> is no spec.');
    fireEvent.click(screen.getAllByRole('button', { name: 'Back' })[0]);
    const again = await screen.findByRole<HTMLInputElement>('textbox', {
      name: 'Name'
    });
    expect(again.value).toBe('mine');
  });

  it('names the channel that does not answer, and tries again', async () => {
    await open();
    server.routes['GET tensorflow'] = failure(
      502,
      'channel-unreachable',
      'The channel conda-forge did not answer.'
    );
    await click('New');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('conda-forge');
    server.routes['GET tensorflow'] = CATALOG;
    await click('Try again');
    await screen.findByRole('button', { name: 'Review' });
  });
});

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
    await open([shown]);
    server.routes['POST plans'] = plan('tf219', {
      kind: 'update',
      entries: [entry('upgrade', 'tensorflow', '2.19.1', '2.20.0')]
    });
    server.routes['POST jobs'] = running;
    await click('Update tf219 to TensorFlow 2.20.0');
    await screen.findByText('2.19.1 → 2.20.0');
  }

  it('is reviewed, applied, and offers to restart what runs on it', async () => {
    await review();
    expect(server.body('POST plans')).toEqual({
      kind: 'update',
      environment: shown.id,
      packages: ['tensorflow']
    });
    await click('Update');
    await screen.findByRole('progressbar');
    const name = shown.kernel?.name ?? '';
    app.running = [{ id: 'k1', name }];
    server.routes['GET environments'] = {
      environments: [environment('tf219')]
    };
    finish(running);
    await waitFor(() => expect(toasts()).toEqual(['tf219 is changed.']));
    const labels = Notification.manager.notifications[0].options.actions?.map(
      action => action.label
    );
    expect(labels).toEqual(['Restart its kernel', 'Open notebook']);
  });

  it('goes into a copy with one click', async () => {
    await review();
    await click('In a copy instead');
    await waitFor(() =>
      expect(server.body('POST plans')).toMatchObject({ into: 'tf219-copy' })
    );
    await screen.findByRole('button', { name: 'Create tf219-copy' });
  });

  it('says when the environment changed meanwhile, and plans again', async () => {
    await review();
    server.routes['POST jobs'] = failure(
      409,
      'stale-plan',
      'tf219 changed since the plan was made.'
    );
    await click('Update');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('changed since the plan was made');
    const { length } = server.calls.filter(call => call === 'POST plans');
    await click('Plan again');
    await waitFor(() =>
      expect(server.calls.filter(call => call === 'POST plans')).toHaveLength(
        length + 1
      )
    );
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('after a reload', () => {
  it('a running job is there again, in the panel and as a notification', async () => {
    await open([]);
    server.routes['GET jobs'] = { jobs: [job('7', 'coming')] };
    await app.manager.jobs.refresh();
    await screen.findByRole('progressbar', { name: 'Progress of coming' });
    expect(toasts()).toEqual(['Creating coming: downloading 212 / 340 MB']);
  });
});

describe('deleting', () => {
  it('names what is lost, and does nothing without a yes', async () => {
    await open();
    const args = { environment: 'id-tf219' };
    const asked = app.commands.execute(CommandIDs.deleteEnvironment, args);
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('/home/ada/.conda/envs/tf219');
    expect(dialog.textContent).toContain('tf219 (TensorFlow 2.19.1)');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await asked;
    expect(server.calls).not.toContain('DELETE environments/id-tf219');
  });

  it('is a job like any other', async () => {
    await open();
    const { prefix } = environment('tf219');
    const running = job('9', 'tf219', { kind: 'delete', phase: null, prefix });
    server.routes['DELETE environments/id-tf219'] = running;
    const args = { environment: 'id-tf219' };
    const asked = app.commands.execute(CommandIDs.deleteEnvironment, args);
    const dialog = await screen.findByRole('dialog');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
    await asked;
    await screen.findByRole('progressbar', { name: 'Progress of tf219' });
    server.routes['GET environments'] = { environments: [] };
    finish(running);
    await waitFor(() => expect(toasts()).toEqual(['tf219 is deleted.']));
    expect(screen.queryByRole('button', { name: 'tf219' })).toBeNull();
  });

  it('is refused for a protected environment, with the reason', async () => {
    const base = environment('base', {
      protected: true,
      protected_reason: 'It is the base environment.'
    });
    await open([base]);
    const args = { environment: base.id };
    const id = CommandIDs.deleteEnvironment;
    expect(app.commands.isEnabled(id, args)).toBe(false);
    expect(app.commands.caption(id, args)).toBe('It is the base environment.');
  });
});

describe('a check', () => {
  it('opens where its result will be, and is announced', async () => {
    await open();
    const running = job('5', 'tf219', { kind: 'check', phase: 'check' });
    server.routes['POST environments/id-tf219/checks'] = running;
    await app.commands.execute(CommandIDs.checkEnvironment, {
      environment: 'id-tf219'
    });
    const tab = await screen.findByRole('tab', { name: 'Check' });
    expect(tab.getAttribute('aria-selected')).toBe('true');
    finish(running, { result: check() });
    await screen.findByText('✓ It works');
    await waitFor(() => expect(toasts()).toEqual(['tf219 works.']));
  });

  it('tells of a refusal in a notification', async () => {
    await open();
    await app.commands.execute(CommandIDs.checkEnvironment, {
      environment: 'id-tf219'
    });
    expect(toasts()).toEqual(['No such path.']);
  });
});

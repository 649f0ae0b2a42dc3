import { Notification } from '@jupyterlab/apputils';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import {
  check as checkOf,
  environment,
  failedJob,
  job
} from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open(NAMES.map(name => environment(name)));
});

afterEach(() => app.dispose());

/** Run a check of an environment, which succeeds. */
async function check(id: string, name: string): Promise<void> {
  const running = job(id, name, { kind: 'update' });
  app.emit(running);
  app.finish(running);
  await waitFor(() => expect(app.toasts).toContain(`${name} was updated.`));
}

describe('the notification of a success', () => {
  it('closes by itself: it has no progress bar, with which it would stay', async () => {
    await check('1', 'a');
    const [{ options }] = Notification.manager.notifications;
    expect(options.autoClose).toBeGreaterThan(0);
    expect(options.progress).toBeUndefined();
  });

  it('closes by itself although the job has something to say', async () => {
    const running = job('1', 'a', { kind: 'update' });
    const note = {
      code: 'kernel-changed',
      severity: 'info' as const,
      message: 'The kernel has another name.',
      plan_request: null,
      items: []
    };
    app.emit(running);
    app.finish(running, { warnings: [note] });
    await waitFor(() => expect(app.toasts).toEqual(['a was updated.']));
    const [{ options }] = Notification.manager.notifications;
    expect(options.autoClose).toBeGreaterThan(0);
  });

  it('gives way to the next job of its environment', async () => {
    await check('1', 'a');
    app.emit(job('2', 'a', { kind: 'update' }));
    await waitFor(() =>
      expect(app.toasts).toEqual(['Updating a: downloading'])
    );
  });

  it('does not pile up with others', async () => {
    for (const [index, name] of NAMES.entries()) {
      await check(String(index), name);
    }
    expect(app.toasts.sort()).toEqual(
      ['c', 'd', 'e'].map(name => `${name} was updated.`)
    );
  });

  it('stays beside a problem that the check after it finds', async () => {
    await check('1', 'a');
    const automatic = job('2', 'a', { kind: 'check', automatic: true });
    app.emit(automatic);
    const result = checkOf({ ok: false });
    app.finish(automatic, { result });
    await waitFor(() =>
      expect(app.toasts.sort()).toEqual(['a has problems.', 'a was updated.'])
    );
  });

  it('closes when its environment is gone', async () => {
    await check('1', 'a');
    app.server.routes['GET environments'] = { environments: [] };
    await app.manager.environments.refresh();
    expect(app.toasts).toEqual([]);
  });
});

describe('the notification of a failure', () => {
  it('stays when others are shown, until its job is tried again', async () => {
    app.emit(job('9', 'new'));
    app.emit(failedJob('9', 'new'));
    const text = expect.stringContaining('did not answer');
    await waitFor(() => expect(app.toasts).toEqual([text]));
    for (const [index, name] of NAMES.entries()) {
      await check(String(index), name);
    }
    expect(app.toasts).toContainEqual(text);
    app.emit(job('10', 'new'));
    await waitFor(() => expect(app.toasts).not.toContainEqual(text));
  });
});

describe('a command for an environment that is gone', () => {
  it.each([
    CommandIDs.openNotebook,
    CommandIDs.useInNotebook,
    CommandIDs.updateEnvironment,
    CommandIDs.checkEnvironment,
    CommandIDs.copyPrefix
  ])('says so: %s', async command => {
    await app.commands.execute(command, { environment: 'id-gone' });
    expect(app.toasts).toEqual(['This environment no longer exists.']);
  });

  it('is not offered while a job changes it', () => {
    const args = { environment: 'id-a' };
    expect(app.commands.isEnabled(CommandIDs.openNotebook, args)).toBe(true);
    app.emit(job('1', 'a', { kind: 'delete', phase: null }));
    expect(app.commands.isEnabled(CommandIDs.openNotebook, args)).toBe(false);
  });
});

describe('the log of a job', () => {
  async function log(): Promise<HTMLElement> {
    app.emit(failedJob('9', 'new', { error: { ...ERROR } }));
    void app.commands.execute(CommandIDs.showJob, { job: '9' });
    return screen.findByRole('dialog');
  }

  const ERROR = {
    reason: 'failed' as const,
    message: 'It failed.',
    hint: null,
    details: null,
    alternatives: [],
    lasting: false
  };

  it.each([
    ['is empty', '', 'This job has no log.'],
    [
      'cannot be read',
      failure(404, 'not-found', 'The log was deleted.'),
      'The log cannot be read: The log was deleted.'
    ],
    ['is there', 'linked numpy', 'linked numpy']
  ])('is explained if it %s', async (_, answer, text) => {
    app.server.routes['GET jobs/9/log'] = answer;
    const dialog = await log();
    await within(dialog).findByText('Log of new');
    await within(dialog).findByText(text);
    within(dialog).getByText('It failed.');
    fireEvent.click(within(dialog).getByText('Close'));
  });
});

import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import { environment, job, STATUS } from '../../../__tests__/fixtures';
import type { Job } from '../../../api/generated';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

afterEach(() => app.dispose());

const shown = environment('tf219');
const path = `environments/${shown.id}`;
const running = job('9', 'tf219', {
  kind: 'delete',
  phase: null,
  prefix: shown.prefix
});

/** A deletion that can be undone for ten minutes. */
function undo(bytes: number | null): Job['undo'] {
  return { until: new Date(Date.now() + 600_000).toISOString(), bytes };
}

async function ask(): Promise<HTMLElement> {
  void app.commands.execute(CommandIDs.deleteEnvironment, {
    environment: shown.id
  });
  const dialog = await screen.findByRole('dialog');
  await within(dialog).findByText(shown.prefix);
  return dialog;
}

/** Delete the environment, and wait for the notification. */
async function deleted(bytes: number | null = 15e6): Promise<void> {
  app = await FakeApp.open([shown]);
  app.server.routes[`DELETE ${path}`] = running;
  const dialog = await ask();
  fireEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(app.server.calls).toContain(`DELETE ${path}`));
  app.server.routes['GET environments'] = { environments: [] };
  app.finish(running, { undo: undo(bytes) });
  await waitFor(() => expect(app.toastActions).toHaveLength(2));
}

it('lets Jupyter list its kernels again, also if the environment was gone before them', async () => {
  app = await FakeApp.open([shown]);
  app.server.routes[`DELETE ${path}`] = running;
  const dialog = await ask();
  fireEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(app.server.calls).toContain(`DELETE ${path}`));
  app.server.routes['GET environments'] = { environments: [] };
  await app.manager.environments.refresh();
  const before = app.specsRead;
  app.finish(running);
  await waitFor(() => expect(app.specsRead).toBe(before + 1));
});

describe('the confirmation of a deletion', () => {
  it('says for how long it can be undone, and what is freed when', async () => {
    app = await FakeApp.open([shown]);
    app.server.routes[`GET ${path}/size`] = { bytes: 15e6, shared: 0 };
    const dialog = await ask();
    await within(dialog).findByText(
      'This frees 15 MB after 10 minutes, or now if you delete at once.'
    );
    expect(dialog.textContent).toContain('You can undo it for 10 minutes');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  });

  it('offers to delete at once', async () => {
    app = await FakeApp.open([shown]);
    app.server.routes[`DELETE ${path}?at_once=true`] = running;
    const dialog = await ask();
    fireEvent.click(
      within(dialog).getByRole('button', { name: 'Delete at Once' })
    );
    await waitFor(() =>
      expect(app.server.calls).toContain(`DELETE ${path}?at_once=true`)
    );
  });

  it('promises nothing where a deletion cannot be undone', async () => {
    app = await FakeApp.open([shown]);
    const limits = { ...STATUS.limits, undo_minutes: 0 };
    app.server.routes['GET status'] = { ...STATUS, limits };
    await app.manager.status.refresh();
    const dialog = await ask();
    expect(dialog.textContent).toContain('cannot be undone');
    expect(within(dialog).queryByText('Delete at Once')).toBeNull();
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  });
});

describe('a deletion', () => {
  it('is undone by a button of its notification', async () => {
    await deleted();
    expect(app.toasts[0]).toMatch(
      /^tf219 was deleted\. Its 15 MB are freed at .*\. Until then, you can undo this\.$/
    );
    const restoring = job('10', 'tf219', { kind: 'restore', phase: null });
    app.server.routes['POST jobs/9/undo'] = restoring;
    app.pressToast('Undo');
    await waitFor(() => expect(app.server.calls).toContain('POST jobs/9/undo'));
    app.finish(restoring);
    await waitFor(() => expect(app.toasts).toContain('tf219 was restored.'));
  });

  it('is finished at once by another, and cannot be undone then', async () => {
    await deleted(null);
    expect(app.toasts[0]).toMatch(/^tf219 was deleted\. You can undo this/);
    expect(app.commands.isEnabled(CommandIDs.undoDeletion)).toBe(true);
    app.server.routes['DELETE jobs/9/undo'] = {
      ...running,
      state: 'succeeded',
      finished: new Date().toISOString()
    };
    app.pressToast('Delete at Once');
    await waitFor(() =>
      expect(app.commands.isEnabled(CommandIDs.undoDeletion)).toBe(false)
    );
  });

  it('offers another name to the environment that has its name now', async () => {
    await deleted();
    app.server.routes['GET environments'] = { environments: [shown] };
    await app.manager.environments.refresh();
    app.server.routes['POST jobs/9/undo'] = failure(
      409,
      'prefix-exists',
      'Another environment is called “tf219” now.'
    );
    app.pressToast('Undo');
    await waitFor(() =>
      expect(app.toasts).toContain('Another environment is called “tf219” now.')
    );
    const restoring = job('10', 'tf219-2', { kind: 'restore', phase: null });
    app.server.routes['POST jobs/9/undo'] = restoring;
    app.pressToast('Restore as tf219-2');
    await waitFor(() =>
      expect(app.server.body('POST jobs/9/undo')).toEqual({ name: 'tf219-2' })
    );
    app.pressToast('Rename the Other…');
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('Rename tf219');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  });
});

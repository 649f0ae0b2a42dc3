import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { DISK, environment, job, plan } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

afterEach(() => app.dispose());

const cleaning = job('9', 'disk space', {
  kind: 'clean',
  prefix: '/home/ada/.cache/tfenv_lab/pkgs',
  phase: 'clean'
});

/** Open the screen from the footer. */
async function openSpace(): Promise<void> {
  app = await FakeApp.open([environment('tf219')]);
  app.server.routes['GET disk'] = DISK;
  await app.manager.status.refresh();
  fireEvent.click(await screen.findByText('Show Disk Space'));
  await screen.findByRole('table', { name: 'Environments' });
}

describe('the screen of the disk space', () => {
  it('frees what is chosen, and measures again', async () => {
    await openSpace();
    app.server.routes['POST plans'] = plan('disk space', {
      kind: 'clean',
      entries: [],
      freed_bytes: 1.2e9,
      frees: [{ what: 'cache', bytes: 1.2e9, items: 30 }]
    });
    app.server.routes['POST jobs'] = cleaning;
    fireEvent.click(screen.getByText('Review Plan…'));
    await screen.findByText('Frees 1.2 GB');
    expect(app.server.body('POST plans')).toEqual({
      kind: 'clean',
      what: ['cache'],
      older_than_days: null
    });
    fireEvent.click(screen.getByRole('button', { name: 'Free Up Space' }));
    // The screen is open again, and shows the progress.
    await screen.findByRole('progressbar', {
      name: 'Progress of disk space'
    });
    app.server.routes['GET disk'] = { ...DISK, free_bytes: 42.2e9 };
    app.emit({
      ...cleaning,
      state: 'succeeded',
      message: 'Freed 1,200.0 MB',
      finished: new Date().toISOString()
    });
    await screen.findByText('42 GB free');
    await waitFor(() => expect(app.toasts).toEqual(['Freed 1,200.0 MB.']));
    expect(screen.queryByRole('progressbar')).toBeNull();
  });

  it('is measured again by Refresh', async () => {
    await openSpace();
    app.server.routes['GET disk'] = { ...DISK, free_bytes: 1e9 };
    await app.commands.execute(CommandIDs.refresh);
    await screen.findByText('1 GB free');
  });

  it('does not belong to the list of environments', async () => {
    await openSpace();
    app.emit(cleaning);
    app.manager.navigation.home();
    await screen.findByText('tf219');
    expect(screen.queryByText('disk space')).toBeNull();
  });
});

describe('deleting an environment', () => {
  const shown = environment('tf219');

  it.each([
    [
      { bytes: 1.4e9, shared: 1.385e9 },
      'This frees 15 MB after 10 minutes, or now if you delete at once. Other places share 1.4 GB, which stay.'
    ],
    [
      { bytes: 1.4e9, shared: 0 },
      'This frees 1.4 GB after 10 minutes, or now if you delete at once.'
    ]
  ])('says what it frees', async (size, text) => {
    app = await FakeApp.open([shown]);
    app.server.routes[`GET environments/${shown.id}/size`] = size;
    const { id } = shown;
    void app.commands.execute(CommandIDs.deleteEnvironment, {
      environment: id
    });
    await screen.findByText(text);
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});

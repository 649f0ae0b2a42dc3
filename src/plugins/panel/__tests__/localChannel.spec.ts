import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { failedJob, job, STATUS } from '../../../__tests__/fixtures';

const BUILD = 'Build Local Channel…';
const LEAVE = 'Use Configured Channels';
const UNREACHABLE = failure(
  502,
  'channel-unreachable',
  'The channel “conda-forge” cannot be reached.'
);
const building = job('7', 'local channel', {
  kind: 'build-channel',
  prefix: '/home/ada/.cache/tfenv_lab/channel',
  phase: 'pack'
});
const local = { name: 'file:///c', url: 'file:///c' };
const ACTIVE = {
  ...STATUS,
  channels: [local],
  local_channel: { ...STATUS.local_channel, active: true }
};

let app: FakeApp;

afterEach(() => app.dispose());

async function click(name: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name }));
}

/** Open the new-environment form while the channels cannot be reached. */
async function openForm(): Promise<HTMLElement> {
  app = await FakeApp.open();
  await app.manager.status.refresh();
  app.server.routes['GET tensorflow?prereleases=1'] = UNREACHABLE;
  app.server.routes['POST local-channel'] = building;
  await click('New…');
  return screen.findByRole('alert');
}

async function build(): Promise<void> {
  const alert = await openForm();
  fireEvent.click(await within(alert).findByRole('button', { name: BUILD }));
  await click('Build');
  await screen.findByRole('progressbar', { name: 'Progress of local channel' });
}

describe('where the channels cannot be reached', () => {
  it('a local channel is offered, and built after a confirmation', async () => {
    const alert = await openForm();
    fireEvent.click(within(alert).getByRole('button', { name: BUILD }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toMatch(
      /about 3 seconds and 30 MB.*Nothing is downloaded/
    );
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(app.server.calls).not.toContain('POST local-channel');
    fireEvent.click(within(alert).getByRole('button', { name: BUILD }));
    await click('Build');
    await waitFor(() => {
      expect(app.server.calls).toContain('POST local-channel');
    });
  });

  it('the build shows its progress on every screen, with Cancel', async () => {
    await build();
    screen.getByText('packing Python 30 / 68');
    expect(screen.getByRole('alert').textContent).toContain(
      'The server is building a local channel.'
    );
    await click('Back');
    screen.getByRole('progressbar', { name: 'Progress of local channel' });
    // The list shows only environments.
    expect(screen.queryByText('local channel')).toBeNull();
    app.server.routes['DELETE jobs/7'] = { ...building, state: 'cancelled' };
    await click('Cancel');
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
  });

  it('the form opens as soon as the channel is ready', async () => {
    await build();
    app.server.routes['GET tensorflow?prereleases=1'] = CATALOG;
    app.server.routes['GET status'] = ACTIVE;
    app.finish(building);
    await screen.findByRole('button', { name: 'Review Plan…' });
    expect(app.toasts).toEqual(['The local channel is ready and in use.']);
    await screen.findByText(/^Local channel · /);
  });

  it('a failed build shows its error until it is dismissed', async () => {
    await build();
    const { kind, prefix } = building;
    app.emit(failedJob('7', 'local channel', { kind, prefix }));
    await click('Dismiss');
    await waitFor(() => expect(screen.getAllByRole('alert')).toHaveLength(1));
    // The user can try again.
    await screen.findAllByRole('button', { name: BUILD });
  });

  it('a local channel is offered beside the releases of the package index', async () => {
    app = await FakeApp.open();
    await app.manager.status.refresh();
    const message = 'The channel “conda-forge” cannot be reached.';
    app.server.routes['GET tensorflow?prereleases=1'] = {
      ...CATALOG,
      warnings: [
        {
          code: 'channel-unreachable',
          severity: 'warning',
          message,
          plan_request: null,
          items: []
        }
      ]
    };
    await click('New…');
    await screen.findByText(message);
    const offers = screen.getAllByRole('button', { name: BUILD }).length;
    app.server.routes['GET tensorflow?prereleases=1'] = CATALOG;
    await click('Try Again');
    await waitFor(() => expect(screen.queryByText(message)).toBeNull());
    expect(screen.queryAllByRole('button', { name: BUILD })).toHaveLength(
      offers - 1
    );
  });

  it('the reason is shown if the server cannot build one', async () => {
    app = await FakeApp.open();
    const reason = 'The server lacks patchelf.';
    app.server.routes['GET status'] = {
      ...STATUS,
      local_channel: { available: false, reason, active: false }
    };
    await app.manager.status.refresh();
    app.server.routes['GET tensorflow?prereleases=1'] = UNREACHABLE;
    await click('New…');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain(reason);
    expect(screen.queryByRole('button', { name: BUILD })).toBeNull();
  });
});

describe('while a local channel is used', () => {
  it('the footer switches back to the configured channels', async () => {
    app = await FakeApp.open();
    app.server.routes['GET status'] = ACTIVE;
    await app.manager.status.refresh();
    app.server.routes['DELETE local-channel'] = () => {
      app.server.routes['GET status'] = STATUS;
      return STATUS;
    };
    await screen.findByText(/^Local channel · /);
    fireEvent.click(screen.getByText(LEAVE));
    await screen.findByText(/^conda-forge · /);
    expect(app.server.calls).toContain('GET tensorflow?prereleases=1');
    screen.getByText(BUILD);
  });

  it('its catalog is dropped when it is left', async () => {
    app = await FakeApp.open();
    app.server.routes['GET status'] = ACTIVE;
    app.server.routes['DELETE local-channel'] = STATUS;
    await app.manager.status.refresh();
    await click('New…');
    await screen.findByRole('button', { name: 'Review Plan…' });
    app.server.routes['GET tensorflow?prereleases=1'] = UNREACHABLE;
    fireEvent.click(screen.getByText(LEAVE));
    await screen.findByRole('alert');
    expect(screen.queryByRole('button', { name: 'Review Plan…' })).toBeNull();
  });
});

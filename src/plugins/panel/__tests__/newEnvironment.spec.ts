import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import {
  STATUS,
  environment,
  failedJob,
  job,
  plan
} from '../../../__tests__/fixtures';
import type { Job } from '../../../api/generated';

let app: FakeApp;

afterEach(() => app.dispose());

async function click(name: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name }));
}

describe('a new environment', () => {
  it('offers the versions of the chosen channels', async () => {
    app = await FakeApp.open();
    const mirror = { name: 'mirror', url: 'https://conda.test/mirror' };
    const { routes } = app.server;
    routes['GET status'] = {
      ...STATUS,
      allowed_channels: [...STATUS.channels, mirror]
    };
    await app.manager.status.refresh();
    const address = (...urls: string[]): string =>
      `GET tensorflow?prereleases=1${urls
        .map(url => `&channel=${encodeURIComponent(url)}`)
        .join('')}`;
    const [configured] = STATUS.channels;
    const older = CATALOG.releases[3];
    routes[address(configured.url, mirror.url)] = {
      ...CATALOG,
      releases: [older]
    };
    routes[address(mirror.url)] = {
      ...CATALOG,
      releases: [],
      message: 'The channels have no TensorFlow for linux-64.'
    };
    await click('New…');
    const versions = (): string[] =>
      Array.from(
        screen.getByRole<HTMLSelectElement>('combobox', { name: 'TensorFlow' })
          .options
      ).map(option => option.value);
    await screen.findByRole('combobox', { name: 'TensorFlow' });
    const before = versions();
    fireEvent.click(screen.getByRole('checkbox', { name: 'mirror' }));
    await waitFor(() => expect(versions()).toEqual(['2.15.0']));
    const chosen = address(configured.url, mirror.url).split('1&')[1];
    routes[`GET packages?query=only-there&${chosen}`] = {
      packages: [{ name: 'only-there', versions: ['1.0'], source: 'conda' }]
    };
    fireEvent.change(screen.getByRole('combobox', { name: 'Packages' }), {
      target: { value: 'only-there' }
    });
    await waitFor(() =>
      expect(document.querySelector('option[value="only-there"]')).toBeTruthy()
    );
    // Without a release there is no form, but a way back.
    fireEvent.click(screen.getByRole('checkbox', { name: configured.name }));
    await click('Use the Configured Channels');
    await waitFor(() => expect(versions()).toEqual(before));
  });

  const running = job('7', 'tf219-2', { state: 'queued', phase: null });

  async function create(): Promise<void> {
    app = await FakeApp.open();
    app.server.routes['POST plans'] = plan('tf219-2');
    app.server.routes['POST jobs'] = running;
    await click('New…');
    await click('Review Plan…');
    await waitFor(() => {
      screen.getByRole('heading', { name: 'Review: tf219-2' });
    });
    await screen.findByText('1 dependency');
    await click('Create');
    await screen.findByRole('progressbar', { name: 'Progress of tf219-2' });
  }

  it('takes three clicks', async () => {
    await create();
    expect(app.server.body('POST plans')).toMatchObject({
      kind: 'create',
      name: 'tf219-2',
      tensorflow: '2.19.*'
    });
    expect(app.server.body('POST jobs')).toEqual({ plan: 'plan-tf219-2' });
  });

  it('shows progress in the panel and in one notification', async () => {
    await create();
    app.emit({ ...running, ...job('7', 'tf219-2') });
    await screen.findByText('downloading 212 / 340 MB');
    expect(app.toasts).toEqual(['Creating tf219-2: downloading']);
  });

  it('is spoken once a phase, not with every number', async () => {
    await create();
    const first = job('7', 'tf219-2');
    app.emit({ ...running, ...first });
    const said = app.toasts;
    const progress = { ...first.progress, done_bytes: 300e6, fraction: 0.8 };
    app.emit({ ...running, ...first, progress });
    await screen.findByText('downloading 300 / 340 MB');
    expect(app.toasts).toEqual(said);
    expect(screen.queryAllByText('downloading', { exact: true })).toEqual([]);
  });

  it('stays in the list while the environments are read again', async () => {
    await create();
    let answer: () => void = () => undefined;
    app.server.onTheWay = new Promise(resolve => {
      answer = resolve;
    });
    app.server.routes['GET environments'] = {
      environments: [environment('tf219'), environment('tf219-2')]
    };
    app.finish(running);
    await screen.findByText('finishing');
    screen.getByText('tf219-2');
    answer();
    await screen.findByRole('button', { name: 'tf219-2' });
    await waitFor(() => expect(screen.queryByText('finishing')).toBeNull());
  });

  it('has a kernel at once, and opens a notebook', async () => {
    await create();
    app.server.routes['GET environments'] = {
      environments: [environment('tf219'), environment('tf219-2')]
    };
    app.finish(running);
    await waitFor(() => expect(app.toasts).toEqual(['tf219-2 is ready.']));
    expect(app.specsRead).toBe(1);
    await screen.findByRole('button', { name: 'tf219-2' });
    app.pressToast('Open Notebook');
    await waitFor(() =>
      expect(app.notebooks).toEqual(['conda-env-tf219-2-py'])
    );
  });

  it('can be cancelled', async () => {
    await create();
    const cancelled: Partial<Job> = { state: 'cancelled' };
    app.server.routes['DELETE jobs/7'] = { ...running, ...cancelled };
    await click('Cancel');
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
    await waitFor(() =>
      expect(app.toasts).toEqual([
        'Creating tf219-2: cancelled. Nothing was changed.'
      ])
    );
  });

  it('shows why it failed, and plans again on Retry', async () => {
    await create();
    const request = { kind: 'create' as const, name: 'tf219-2' };
    app.emit(failedJob('7', 'tf219-2', { request }));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain(
      'The channel conda-forge did not answer.'
    );
    fireEvent.click(within(alert).getByRole('button', { name: 'Retry' }));
    await screen.findByRole('heading', { name: 'Review: tf219-2' });
    expect(app.server.body('POST plans')).toEqual(request);
  });

  it('keeps the contents of the form if the plan fails', async () => {
    app = await FakeApp.open();
    app.server.routes['POST plans'] = failure(
      422,
      'invalid-spec',
      'pandas=> is no spec.'
    );
    await click('New…');
    const field = await screen.findByRole('textbox', { name: 'Name' });
    fireEvent.change(field, { target: { value: 'mine' } });
    await click('Review Plan…');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('pandas=> is no spec.');
    fireEvent.click(screen.getAllByRole('button', { name: 'Back' })[0]);
    const again = await screen.findByRole<HTMLInputElement>('textbox', {
      name: 'Name'
    });
    expect(again.value).toBe('mine');
  });

  it('names the channel that does not respond, and tries again', async () => {
    app = await FakeApp.open();
    app.server.routes['GET tensorflow?prereleases=1'] = failure(
      502,
      'channel-unreachable',
      'The channel conda-forge did not answer.'
    );
    await click('New…');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('conda-forge');
    app.server.routes['GET tensorflow?prereleases=1'] = CATALOG;
    await click('Try Again');
    await screen.findByRole('button', { name: 'Review Plan…' });
  });
});

describe('after a reload', () => {
  it('a running job is shown in the panel and in a notification', async () => {
    app = await FakeApp.open([]);
    app.server.routes['GET jobs'] = { jobs: [job('7', 'coming')] };
    await app.manager.jobs.refresh();
    await screen.findByRole('progressbar', { name: 'Progress of coming' });
    expect(app.toasts).toEqual(['Creating coming: downloading']);
  });
});

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { Signal } from '@lumino/signaling';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure, FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { environment, STATUS } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

/** JupyterLab's settings, which emit a signal when one is set. */
class FakeSettings {
  constructor(readonly values: Record<string, unknown>) {}

  readonly changed = new Signal<object, void>(this);

  get(name: string): { composite: unknown } {
    return { composite: this.values[name] };
  }

  async set(name: string, value: unknown): Promise<void> {
    this.values[name] = value;
    this.changed.emit();
  }

  get registry(): Pick<ISettingRegistry, 'load'> {
    return { load: async () => this as unknown as ISettingRegistry.ISettings };
  }
}

let app: FakeApp;

afterEach(() => app.dispose());

async function open(values: Record<string, unknown>): Promise<FakeSettings> {
  const settings = new FakeSettings({ defaultPackages: [], ...values });
  const of = (name: string, version: string) => {
    const shown = environment(name);
    return { ...shown, tensorflow: { ...shown.tensorflow!, version } };
  };
  app = new FakeApp(
    new FakeServer({
      'GET status': STATUS,
      'GET environments': {
        environments: [of('a', '2.19.1'), of('b', '2.20.0')]
      },
      'GET tensorflow?prereleases=1': CATALOG,
      'GET jobs': { jobs: [] }
    }),
    null,
    settings.registry
  );
  await app.commands.execute(CommandIDs.openPanel);
  await app.manager.environments.refresh();
  await screen.findByRole('button', { name: 'a' });
  return settings;
}

const names = (): (string | null)[] =>
  screen
    .getAllByRole('listitem')
    .map(item => item.querySelector('.jp-TfenvRow-name')?.textContent ?? null);

describe('the order of the list', () => {
  it('is stored in the settings', async () => {
    const settings = await open({ sort: 'name' });
    expect(names()).toEqual(['a', 'b']);
    fireEvent.change(
      screen.getByRole('combobox', { name: 'Sort environments by' }),
      { target: { value: 'tensorflow' } }
    );
    await waitFor(() => expect(names()).toEqual(['b', 'a']));
    expect(settings.values.sort).toBe('tensorflow');
  });

  it('follows the settings', async () => {
    const settings = await open({ sort: 'tensorflow' });
    await waitFor(() => expect(names()).toEqual(['b', 'a']));
    await settings.set('sort', 'name');
    await waitFor(() => expect(names()).toEqual(['a', 'b']));
  });
});

describe('a server that refuses requests', () => {
  const MESSAGE =
    'TfenvLab.channels cannot be used: its item 1 is empty. TfenvLab.offline must be True or False, not 3.';

  const HINT = 'Correct the configuration of Jupyter, then start it again.';

  async function refuse(
    reason: 'misconfigured' | 'not-started'
  ): Promise<HTMLElement> {
    const details = 'A protection is missing.';
    const refusal = failure(503, reason, MESSAGE, details, HINT);
    app = new FakeApp(
      new FakeServer({
        'GET status': refusal,
        'GET environments': refusal,
        'GET tensorflow?prereleases=1': refusal,
        'GET jobs': refusal
      })
    );
    await app.commands.execute(CommandIDs.openPanel);
    await app.manager.environments.refresh();
    return screen.findByRole('alert');
  }

  it.each(['misconfigured', 'not-started'] as const)(
    'shows message and hint: %s',
    async reason => {
      const alert = within(await refuse(reason));
      alert.getByText(MESSAGE);
      alert.getByText(HINT);
      alert.getByText('A protection is missing.');
      expect(screen.queryByText(/No TensorFlow environment yet/)).toBeNull();
    }
  );

  it('recovers when the server serves again', async () => {
    await refuse('misconfigured');
    app.server.routes['GET environments'] = {
      environments: [environment('a')]
    };
    fireEvent.click(screen.getByRole('button', { name: 'Try Again' }));
    await screen.findByRole('button', { name: 'a' });
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

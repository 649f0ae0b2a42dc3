import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { environment, plan } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

afterEach(() => app.dispose());

const shared = environment('team', {
  shared: { by: 'ada', published: null },
  writable: false,
  protected: true
});

describe('packages over a shared environment', () => {
  it('are reviewed as a plan for a new environment', async () => {
    app = await FakeApp.open([shared]);
    app.server.routes['POST plans'] = plan('my-team', {
      kind: 'overlay',
      entries: []
    });
    const done = app.commands.execute(CommandIDs.addPackages, {
      environment: shared.id
    });
    fireEvent.change(await screen.findByLabelText('Packages from PyPI'), {
      target: { value: 'rich keras-hub>=0.20' }
    });
    fireEvent.click(await screen.findByText('Review Plan…'));
    await done;
    await waitFor(() =>
      expect(app.server.body('POST plans')).toEqual({
        kind: 'overlay',
        environment: shared.id,
        name: 'my-team',
        packages: ['pypi:rich', 'pypi:keras-hub>=0.20']
      })
    );
    // It is applied although no package changes.
    await screen.findByRole('button', { name: 'Create' });
  });

  it('are offered only for a shared environment', async () => {
    app = await FakeApp.open([shared, environment('tf219')]);
    const isVisible = (id: string): boolean =>
      app.commands.isVisible(CommandIDs.addPackages, { environment: id });
    expect(isVisible(shared.id)).toBe(true);
    expect(isVisible('id-tf219')).toBe(false);
  });
});

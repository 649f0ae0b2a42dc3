import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { check, environment, job, plan } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

afterEach(() => app.dispose());

const PUT = 'PUT environments/id-tf219/kernelspec';
const args = { environment: 'id-tf219' };

describe('Keras 2', () => {
  it('is installed by a plan that changes the kernel settings', async () => {
    app = await FakeApp.open();
    app.server.routes['POST plans'] = plan('tf219', { kind: 'install' });
    await app.commands.execute(CommandIDs.useKeras2, args);
    expect(app.server.body('POST plans')).toEqual({
      kind: 'install',
      environment: 'id-tf219',
      specs: ['tf-keras=2.19.*'],
      legacy_keras: true
    });
    expect(app.server.calls).not.toContain(PUT);
  });

  it('needs no plan if its package is installed', async () => {
    const shown = environment('tf219', {
      legacy_keras: { available: true, version: '2.19.0', enabled: false }
    });
    app = await FakeApp.open([shown]);
    app.server.routes[PUT] = shown;
    app.running = [{ id: 'k1', name: shown.kernel?.name ?? '' }];
    await app.commands.execute(CommandIDs.useKeras2, args);
    expect(app.server.body(PUT)).toEqual({ legacy_keras: true });
    await waitFor(() =>
      expect(app.toasts).toEqual(['The kernel settings of tf219 are saved.'])
    );
    expect(app.toastActions.map(item => item.label)).toEqual([
      'Restart Kernel'
    ]);
  });

  it('can be left for Keras 3', async () => {
    const shown = environment('tf219', {
      legacy_keras: { available: true, version: '2.19.0', enabled: true }
    });
    app = await FakeApp.open([shown]);
    app.server.routes[PUT] = environment('tf219');
    const { commands } = app;
    expect(commands.isVisible(CommandIDs.useKeras2, args)).toBe(false);
    expect(commands.isVisible(CommandIDs.useKeras3, args)).toBe(true);
    await commands.execute(CommandIDs.useKeras3, args);
    expect(app.server.body(PUT)).toEqual({ legacy_keras: false });
  });

  it('cannot be chosen before TensorFlow 2.16', async () => {
    const tensorflow = {
      version: '2.15.0',
      build: null,
      variant: 'cpu',
      source: 'conda' as const
    };
    const legacy_keras = { available: false, version: null, enabled: false };
    app = await FakeApp.open([
      environment('tf219', { tensorflow, legacy_keras })
    ]);
    for (const command of [CommandIDs.useKeras2, CommandIDs.useKeras3]) {
      expect(app.commands.isVisible(command, args)).toBe(false);
    }
  });
});

describe('an automatic check', () => {
  const running = job('9', 'tf219', {
    kind: 'check',
    phase: 'check',
    automatic: true
  });

  it('shows a sign, and blocks no command', async () => {
    app = await FakeApp.open();
    app.emit(running);
    await screen.findByRole('button', { name: 'tf219: Checking…' });
    expect(app.toasts).toEqual([]);
    expect(screen.queryByRole('progressbar')).toBeNull();
    expect(app.commands.isEnabled(CommandIDs.updateEnvironment, args)).toBe(
      true
    );
  });

  it('notifies only of problems', async () => {
    app = await FakeApp.open();
    app.emit(running);
    app.finish(running, { result: check() });
    const again = { ...running, id: '10' };
    app.emit(again);
    app.finish(again, { result: check({ ok: false }) });
    await waitFor(() => expect(app.toasts).toEqual(['tf219 has problems.']));
  });

  it('is not a failure if its server stops', async () => {
    app = await FakeApp.open();
    app.emit(running);
    app.finish(running, { state: 'interrupted' });
    await waitFor(() =>
      expect(
        screen.queryByRole('button', { name: 'tf219: Checking…' })
      ).toBeNull()
    );
    expect(screen.queryByRole('alert')).toBeNull();
    expect(app.toasts).toEqual([]);
  });

  it('opens from its sign', async () => {
    app = await FakeApp.open();
    fireEvent.click(
      await screen.findByRole('button', { name: 'tf219: Not checked yet' })
    );
    await screen.findByText(/^Not checked yet. A check imports/);
  });
});

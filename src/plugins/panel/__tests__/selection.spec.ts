import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { entry, environment, job, plan } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

const ONE = environment('one');
const TWO = environment('two');
const BASE = environment('base', {
  protected: true,
  protected_reason: 'It is the base environment.'
});

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open([ONE, TWO, BASE]);
  app.server.routes['POST plans'] = () => {
    const { environment: id } = app.server.body('POST plans') as {
      environment: string;
    };
    return plan(app.manager.environments.get(id)!.name, {
      kind: 'update',
      entries: [entry('upgrade', 'tensorflow', '2.19.1', '2.20.0')]
    });
  };
  await app.commands.execute(CommandIDs.selectEnvironments);
  await screen.findByRole('checkbox', { name: 'All' });
});

afterEach(() => app.dispose());

function select(name: string): void {
  fireEvent.click(screen.getByRole('checkbox', { name }));
}

function bar(name: string): HTMLButtonElement {
  const group = screen.getByRole('group', { name: 'Selected environments' });
  return within(group).getByRole('button', { name });
}

describe('a selection of environments', () => {
  it('offers nothing while nothing is selected, and ends with Done', async () => {
    expect(screen.getByText('0 selected')).toBeTruthy();
    expect(bar('Check').disabled).toBe(true);
    fireEvent.click(bar('Done'));
    await waitFor(() =>
      expect(screen.queryByRole('checkbox', { name: 'All' })).toBeNull()
    );
  });

  it('cannot delete only environments that must not be changed', async () => {
    select('Select base');
    await screen.findByText('1 selected');
    expect(bar('Delete…').disabled).toBe(true);
    expect(bar('Check').disabled).toBe(false);
  });

  it('is checked with one job for each', async () => {
    app.server.routes[`POST environments/${ONE.id}/checks`] = job('1', 'one');
    app.server.routes[`POST environments/${TWO.id}/checks`] = job('2', 'two');
    select('Select one');
    await screen.findByText('1 selected');
    select('Select two');
    await screen.findByText('2 selected');
    fireEvent.click(bar('Check'));
    await waitFor(() => expect(app.manager.jobs.get('2')).toBeTruthy());
    expect(app.manager.jobs.get('1')).toBeTruthy();
  });

  it('is updated with one review after the other, a protected one in a copy', async () => {
    select('All');
    await screen.findByText('3 selected');
    fireEvent.click(bar('Update TensorFlow…'));
    fireEvent.click(await screen.findByRole('button', { name: /^Skip \(2/ }));
    fireEvent.click(await screen.findByRole('button', { name: /^Skip \(1/ }));
    await waitFor(() =>
      expect(app.server.body('POST plans')).toEqual({
        kind: 'update',
        environment: BASE.id,
        packages: ['tensorflow'],
        into: 'base-copy'
      })
    );
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: /^Skip/ })).toBeNull()
    );
  });

  it('goes on with the next review when a plan is applied', async () => {
    app.server.routes['POST jobs'] = job('7', 'one', { kind: 'update' });
    select('Select one');
    await screen.findByText('1 selected');
    select('Select two');
    await screen.findByText('2 selected');
    fireEvent.click(bar('Update TensorFlow…'));
    await screen.findByRole('heading', { name: 'Review: one' });
    await screen.findByText('2.19.1 → 2.20.0');
    fireEvent.click(screen.getByRole('button', { name: 'Update' }));
    await screen.findByRole('heading', { name: 'Review: two' });
  });
});

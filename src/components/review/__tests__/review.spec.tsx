import { cleanup, fireEvent, screen, within } from '@testing-library/react';

import { entry, plan } from '../../../__tests__/fixtures';
import type { Advice, Entry } from '../../../api/generated';
import { button, CREATE, show, UPDATE } from './showReview';

describe('Review', () => {
  it('shows that the request is being solved, and disables Create', () => {
    show({});
    expect(screen.getByRole('status').textContent).toBe('Solving…');
    expect(button('Create').disabled).toBe(true);
  });

  it('lists the packages to install, with their number and size', () => {
    show({ plan: plan('tf219') });
    screen.getByText(
      '3 packages · 340 MB to download · adds 1.5 GB (41 GB free)'
    );
    const requested = screen.getByRole('table', { name: 'Requested' });
    expect(requested.textContent).toBe(
      'tensorflow2.19.1+ 24 MBpython3.12.4+ 24 MB'
    );
    const folded = screen.getByText('1 dependency').closest('details');
    expect(folded?.open).toBe(false);
  });

  it('shows "at least" if sizes are missing', () => {
    show({ plan: plan('tf219', { sizes_complete: false }) });
    screen.getByText(/at least 340 MB to download · adds at least 1.5 GB/);
  });

  it('shows that nothing needs to be downloaded', () => {
    show({ plan: plan('tf219', { download_bytes: 0 }) });
    screen.getByText(/nothing to download/);
  });

  it('applies the plan', () => {
    const shown = plan('tf219');
    const calls = show({ plan: shown });
    fireEvent.click(button('Create'));
    expect(calls.applied).toEqual([shown]);
  });

  it('shows old and new versions', () => {
    const entries = [
      entry('upgrade', 'tensorflow', '2.19.1', '2.20.0', { requested: true }),
      entry('downgrade', 'protobuf', '6.31', '5.29'),
      entry('change', 'numpy', '2.1.3', '2.1.3'),
      entry('remove', 'tensorflow-estimator', '2.15.0', null)
    ];
    show({ request: UPDATE, plan: plan('tf', { kind: 'update', entries }) });
    screen.getByText('2.19.1 → 2.20.0');
    screen.getByText('6.31 ↓ 5.29');
    screen.getByText('2.1.3, different build');
    screen.getByText('2.15.0 removed');
    expect(button('Update').disabled).toBe(false);
  });

  it('lists requested packages first, then added, changed and removed ones', () => {
    const entries = [
      entry('remove', 'tensorflow-estimator', '2.15.0', null),
      entry('upgrade', 'protobuf', '5.29', '6.31'),
      entry('install', 'optree', null, '0.17'),
      entry('upgrade', 'tensorflow', '2.19.1', '2.20.0', { requested: true })
    ];
    show({ request: UPDATE, plan: plan('tf', { kind: 'update', entries }) });
    expect(
      screen
        .getAllByRole('rowheader', { hidden: true })
        .map(each => each.textContent)
    ).toEqual(['tensorflow', 'optree', 'protobuf', 'tensorflow-estimator']);
  });

  it('shows the variant of TensorFlow if it changes', () => {
    const build = (name: string): { build: string; channel: string } => ({
      build: name,
      channel: 'conda-forge'
    });
    const to = {
      version: '2.19.1',
      size: null,
      parts: [],
      ...build('cuda126py311h0_200')
    };
    const from = { version: '2.19.1', ...build('cpu_py311h0_0') };
    const change = entry('change', 'tensorflow', null, null, { from, to });
    show({ request: UPDATE, plan: plan('tf', { entries: [change] }) });
    screen.getByText('2.19.1, different build · CPU → CUDA 12.6');
  });

  it('says what a copy adds and shares, and what a removal frees', () => {
    const sizes = { download_bytes: 0, added_bytes: 15e6, shared_bytes: 1.4e9 };
    show({ plan: plan('copy', { ...sizes, kind: 'clone' }) });
    screen.getByText(
      '3 packages · nothing to download · adds 15 MB, shares 1.4 GB (41 GB free)'
    );
    cleanup();
    const freed = { download_bytes: 0, added_bytes: 0, freed_bytes: 20e6 };
    show({ plan: plan('tf', { ...freed, kind: 'remove' }) });
    screen.getByText(/adds 0 B · frees 20 MB/);
  });

  it('counts the parts of a package with it', () => {
    const to = (size: number, parts: string[]): Entry['to'] => ({
      version: '2.19.1',
      build: 'cpu_py311_0',
      channel: 'conda-forge',
      size,
      parts
    });
    const whole = entry('install', 'tensorflow', null, '', {
      requested: true,
      to: to(1000, ['tensorflow-base'])
    });
    const base = entry('install', 'tensorflow-base', null, '', {
      to: to(227e6, [])
    });
    show({ plan: plan('tf', { entries: [whole, base] }) });
    const row = within(screen.getByRole('table', { name: 'Requested' }));
    expect(row.getByText('+ 227 MB').title).toBe('With tensorflow-base');
  });

  it('shows what a cleaning frees, and what it breaks', () => {
    const warning = {
      code: 'revert-needs-download',
      severity: 'warning' as const,
      message: 'Some reverts then need a download: tf219 to revision 0.',
      plan_request: null,
      items: []
    };
    const request = { kind: 'clean' as const, what: ['revisions' as const] };
    const made = plan('disk space', {
      kind: 'clean',
      entries: [],
      freed_bytes: 600e6,
      frees: [{ what: 'revisions', bytes: 600e6, items: 12 }],
      warnings: [warning]
    });
    show({ request, plan: made });
    screen.getByText('Frees 600 MB');
    screen.getByText('Packages that only reverts need');
    screen.getByText('12 items');
    screen.getByText(warning.message);
    screen.getByRole('button', { name: 'Free Up Space' });
    cleanup();
    show({ request, plan: { ...made, freed_bytes: 0, frees: [] } });
    screen.getByText('There is nothing to delete.');
    expect(screen.queryByRole('button', { name: 'Free Up Space' })).toBeNull();
  });

  it('shows which packages come from PyPI', () => {
    const pypi = { source: 'pypi', requested: true } as const;
    const entries = [
      entry('upgrade', 'tensorflow', '2.20.0', '2.21.0', pypi),
      entry('remove', 'greet', '1.0', null, pypi),
      entry('install', 'numpy', null, '2.1.3')
    ];
    show({ request: UPDATE, plan: plan('tf', { entries }) });
    screen.getByText('2.20.0 → 2.21.0 · PyPI');
    screen.getByText('1.0 removed · PyPI');
    screen.getByText('2.1.3');
  });

  it.each([['from-index'], ['source-changes'], ['source-build']])(
    'shows the warning %s',
    code => {
      const message = `About ${code}.`;
      const warning = {
        code,
        severity: 'info',
        message,
        plan_request: null,
        items: []
      };
      show({ plan: plan('tf', { warnings: [warning as Advice] }) });
      screen.getByText(message);
    }
  );

  it('shortens a long list until all of it is requested', () => {
    const items = Array.from({ length: 17 }, (_, index) => `pip-${index}`);
    const message = `Skipped: ${items.join(', ')} (only names).`;
    const warning: Advice = {
      code: 'import-not-honoured',
      severity: 'warning',
      message,
      plan_request: null,
      items
    };
    show({ plan: plan('tf', { warnings: [warning] }) });
    screen.getByText(
      (_, element) =>
        element?.textContent ===
          'Skipped: pip-0, pip-1, pip-2, pip-3, pip-4 … and 12 more (only names).' &&
        element.tagName === 'P'
    );
    fireEvent.click(button('… and 12 more'));
    screen.getByText(message);
  });

  it('shows a list of a few items', () => {
    const warning: Advice = {
      code: 'x',
      severity: 'info',
      message: 'Left out: a, b.',
      plan_request: null,
      items: ['a', 'b']
    };
    show({ plan: plan('tf', { warnings: [warning] }) });
    screen.getByText('Left out: a, b.');
  });

  it('copies the conda command', () => {
    const shown = plan('tf219');
    const calls = show({ plan: shown });
    fireEvent.click(button('Copy conda command'));
    expect(calls.copied).toEqual(shown.commands);
  });

  it('shows message, hint and details of an error', () => {
    const calls = show({
      failure: {
        reason: 'unsatisfiable',
        message: 'There is no solution.',
        hint: 'Python 3.12 works.',
        details: 'tensorflow 2.19 would require …'
      }
    });
    const parts = Array.from(
      screen.getByRole('alert').children,
      part => part.textContent
    );
    expect(parts.slice(0, 2)).toEqual([
      'There is no solution.',
      'Python 3.12 works.'
    ]);
    const details = screen.getByText('Show Details').closest('details');
    expect(details?.open).toBe(false);
    expect(details?.textContent).toContain('would require');
    expect(calls.planned).toEqual([]);
  });

  it.each([
    [true, false],
    [false, true],
    [undefined, true]
  ])('plans again unless the error lasts: %s', (lasting, helps) => {
    const failure = {
      reason: 'failed' as const,
      message: 'No.',
      hint: null,
      details: null,
      lasting
    };
    const calls = show({ failure });
    const again = screen.queryByRole('button', { name: 'Plan Again' });
    expect(again !== null).toBe(helps);
    if (again) {
      fireEvent.click(again);
    }
    expect(calls.planned).toEqual(helps ? [CREATE] : []);
  });

  it('shows an error at the top if there is no plan, and near the buttons if there is one', () => {
    const failure = {
      reason: 'no-space' as const,
      message: 'No.',
      hint: null,
      details: null
    };
    const isNearButtons = (): boolean =>
      screen.getByRole('alert').closest('.jp-TfenvActions') !== null;
    show({ failure });
    expect(isNearButtons()).toBe(false);
    cleanup();
    show({ failure, plan: plan('tf219') });
    expect(isNearButtons()).toBe(true);
  });

  it('shows what a repair restores', () => {
    const entries = [
      entry('repair', 'h5py', '3.12', '3.12'),
      entry('repair', 'numpy', '2.3', '2.1')
    ];
    show({
      request: { kind: 'repair', environment: 'id-tf219' },
      plan: plan('tf219', { kind: 'repair', entries })
    });
    screen.getByText('3.12 repaired');
    screen.getByText('2.3 → 2.1');
    expect(button('Repair').disabled).toBe(false);
  });

  it('shows that there is nothing to repair', () => {
    show({ plan: plan('tf219', { kind: 'repair', entries: [] }) });
    screen.getByText('Nothing needs repair.');
  });

  it('shows that everything is up to date', () => {
    show({ request: UPDATE, plan: plan('tf', { entries: [] }) });
    screen.getByText('Everything is up to date.');
    expect(screen.queryByRole('button', { name: 'Update' })).toBeNull();
  });
});

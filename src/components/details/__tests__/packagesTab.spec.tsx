import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { environment, job } from '../../../__tests__/fixtures';
import type { AvailablePackage } from '../../../api/generated';
import { RequestError } from '../../../api/request';
import { CommandIDs } from '../../../commandids';
import { click, installed, planned, Screen, show, trans } from './showDetails';

describe('Packages', () => {
  it('lists requested packages first', () => {
    show();
    const names = screen
      .getAllByRole('rowheader')
      .map(cell => cell.textContent);
    expect(names).toEqual(['tensorflow', 'absl-py', 'numpy', 'own-tool']);
  });

  it('filters the packages', () => {
    show();
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'num' }
    });
    expect(screen.getAllByRole('rowheader')).toHaveLength(1);
  });

  it('renders a long list only as far as it is scrolled', () => {
    const many = Array.from({ length: 3000 }, (_, i) => installed(`p${i}`));
    show({ packages: { value: many, error: null } });
    expect(screen.getAllByRole('rowheader').length).toBeLessThan(200);
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'p2999' }
    });
    screen.getByRole('rowheader', { name: 'p2999' });
  });

  it('renders only the row again whose newer version becomes known', () => {
    const { rerender } = render(<Screen />);
    const written = jest.spyOn(trans, '__');
    rerender(<Screen newer={new Map([['conda numpy', '2.3']])} />);
    const removals = written.mock.calls.filter(([text]) =>
      text.startsWith('Remove %1')
    );
    expect(removals).toEqual([['Remove %1', 'numpy']]);
    screen.getByRole('button', { name: 'Update numpy, newest version: 2.3' });
    written.mockRestore();
  });

  it('removes a package with what was collected since its row was rendered', () => {
    const executed = show();
    click('absl-py');
    click('Remove with other changes');
    click('Remove numpy');
    expect(planned(executed)).toMatchObject({
      packages: ['absl-py', 'numpy']
    });
  });

  it('plans to add a package from the channels', async () => {
    jest.useFakeTimers();
    try {
      const found: AvailablePackage[] = [
        { name: 'pandas', versions: ['2.3.0'], source: 'conda' }
      ];
      const executed = show({ search: async () => found });
      fireEvent.change(screen.getByRole('searchbox'), {
        target: { value: 'pand' }
      });
      await act(async () => {
        await jest.advanceTimersByTimeAsync(1000);
      });
      click('Add pandas…');
      expect(planned(executed)).toEqual({
        kind: 'install',
        environment: 'id-tf219',
        specs: ['pandas']
      });
    } finally {
      jest.useRealTimers();
    }
  });

  it('offers only packages of the index for an overlay', async () => {
    const asked: string[] = [];
    const search = async (query: string): Promise<AvailablePackage[]> => {
      asked.push(query);
      return query === 'pypi:greet'
        ? [{ name: 'greet', versions: ['1.2'], source: 'pypi' }]
        : [];
    };
    const over = { environment: 'id-team', name: 'team', prefix: '/srv/team' };
    const executed = show({
      environment: environment('mine', { over }),
      search
    });
    const field = screen.getByRole('searchbox');
    for (const text of ['greet', 'pypi:greet']) {
      fireEvent.change(field, { target: { value: text } });
      await screen.findByText(/newest: 1\.2/);
      click('Add greet…');
      fireEvent.change(field, { target: { value: '' } });
    }
    // What no search has found is also requested from the index.
    fireEvent.change(field, { target: { value: 'rich>=13' } });
    click('Add rich>=13…');
    expect(asked.every(query => query === 'pypi:greet')).toBe(true);
    expect(executed).toEqual(
      ['pypi:greet', 'pypi:greet', 'pypi:rich>=13'].map(spec => [
        'plan',
        { kind: 'install', environment: 'id-mine', specs: [spec] }
      ])
    );
  });

  it('collects packages with versions for one plan', async () => {
    const found: AvailablePackage[] = [
      { name: 'pandas', versions: ['2.3.0', '2.2.0'], source: 'conda' },
      { name: 'greet', versions: ['1.2', '1.0'], source: 'pypi' }
    ];
    const executed = show({ search: async () => found });
    const field = screen.getByRole('searchbox');
    for (const [name, version] of [
      ['pandas', '2.2.0'],
      ['greet', '']
    ]) {
      fireEvent.change(field, { target: { value: 'x' } });
      const versions = await screen.findByLabelText(`Version of ${name}`);
      fireEvent.change(versions, { target: { value: version } });
      click(`Collect ${name} with other packages`);
      // The button is gone, and the user goes on with the next package.
      expect(document.activeElement).toBe(field);
    }
    click('Review Plan…');
    fireEvent.change(field, { target: { value: 'x' } });
    await screen.findByLabelText('Version of greet');
    click('Leave out pypi:greet');
    expect(document.activeElement).toBe(field);
    fireEvent.change(field, { target: { value: 'rich' } });
    click('Add rich…');
    expect(executed).toEqual(
      [
        ['pandas==2.2.0', 'pypi:greet'],
        ['pandas==2.2.0', 'rich']
      ].map(specs => [
        'plan',
        { kind: 'install', environment: 'id-tf219', specs }
      ])
    );
  });

  it('asks for newer versions of what is shown, and updates to one', () => {
    const asked: (readonly string[])[] = [];
    const executed = show({
      newer: new Map([['conda numpy', '2.2.0']]),
      onNames: names => asked.push(names)
    });
    expect(asked).toEqual([['tensorflow', 'absl-py', 'numpy']]);
    click('Update numpy, newest version: 2.2.0');
    expect(executed).toEqual([
      [
        CommandIDs.updateEnvironment,
        { environment: 'id-tf219', packages: ['numpy'] }
      ]
    ]);
    click('own-tool');
    expect(asked[1]).toContain('own-tool');
  });

  it('plans to add any spec', () => {
    const executed = show();
    const field = screen.getByRole('searchbox');
    fireEvent.change(field, { target: { value: 'pandas>=2.2' } });
    click('Add pandas>=2.2…');
    expect(planned(executed)).toMatchObject({ specs: ['pandas>=2.2'] });
  });

  it('plans to remove packages of both sources', () => {
    const executed = show();
    click('Remove numpy');
    click('Remove own-tool');
    expect(executed).toEqual(
      ['numpy', 'own-tool'].map(name => [
        'plan',
        { kind: 'remove', environment: 'id-tf219', packages: [name] }
      ])
    );
  });

  it('promises no version that may not fit', async () => {
    show({
      search: async () => [
        { name: 'tf-keras', versions: ['2.20.1', '2.19.0'], source: 'conda' },
        { name: 'greet', versions: ['1.2'], source: 'pypi' }
      ]
    });
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'x' }
    });
    const versions = await screen.findByLabelText<HTMLSelectElement>(
      'Version of tf-keras'
    );
    expect(versions.selectedOptions[0].textContent).toBe(
      'newest that fits, up to 2.20.1'
    );
    screen.getByText(/newest: 1\.2/);
  });

  it('plans removals and additions together', async () => {
    const executed = show({
      search: async () => [
        { name: 'pandas', versions: ['2.3.0'], source: 'conda' }
      ]
    });
    click('numpy');
    click('Remove with other changes');
    screen.getByText('Remove numpy');
    click('absl-py');
    fireEvent.click(screen.getAllByText('Remove with other changes')[0]);
    click('Review Plan…');
    click('Keep absl-py');
    click('Remove own-tool');
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'pand' }
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Add pandas…' }));
    expect(executed).toEqual(
      [
        { kind: 'remove', packages: ['numpy', 'absl-py'] },
        { kind: 'remove', packages: ['numpy', 'own-tool'] },
        { kind: 'install', specs: ['pandas'], remove: ['numpy'] }
      ].map(request => ['plan', { environment: 'id-tf219', ...request }])
    );
  });

  it('shows which packages come from PyPI, and which were requested', () => {
    const packages = [
      installed('numpy', { requested: true }),
      installed('greet', { source: 'pypi', requested: true }),
      installed('hello', { source: 'pypi' })
    ];
    show({ packages: { value: packages, error: null } });
    const rows = screen.getAllByRole('row').map(row => row.textContent);
    expect(rows).toEqual([
      'greet1.0 PyPI · 1 kB · requested',
      'numpy1.0 conda-forge · 1 kB · requested',
      'hello1.0 PyPI · 1 kB'
    ]);
  });

  it('names the channel of a URL by its end', () => {
    const channel = 'file:///srv/channels/lab';
    show({
      packages: { value: [installed('numpy', { channel })], error: null }
    });
    expect(screen.getByRole('row').textContent).toContain('lab · 1 kB');
    expect(screen.getByRole('row').title).toContain(channel);
  });

  it('explains why a package is there, and what it needs', async () => {
    show();
    const button = screen.getByRole('button', { name: 'numpy' });
    expect(button.getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(button);
    await screen.findByText('Needed because of tensorflow → keras → numpy');
    expect(button.getAttribute('aria-expanded')).toBe('true');
    expect(
      screen.getAllByRole('definition').map(item => item.textContent)
    ).toEqual([
      'keras 3.5',
      'own-tool 1.0 · >=1.26 · PyPI',
      'libblas · >=3.9 · not installed'
    ]);
    fireEvent.click(button);
    expect(screen.queryByText(/Needed because of/)).toBeNull();
  });

  it('goes to a package that needs another, and keeps the focus there', async () => {
    show();
    click('numpy');
    fireEvent.click(
      await screen.findByRole('button', { name: 'own-tool 1.0' })
    );
    const row = screen.getByRole('button', { name: 'own-tool' });
    expect(document.activeElement).toBe(row);
    expect(row.getAttribute('aria-expanded')).toBe('true');
    await screen.findByText(/Needed because of/);
  });

  it('says why a package cannot be explained', async () => {
    const error = new RequestError({
      reason: 'not-found',
      message: 'It is gone.',
      hint: null,
      details: null
    });
    show({ explain: () => Promise.reject(error) });
    click('numpy');
    await screen.findByText('It is gone.');
  });

  it('requests a package from the source that the search shows', async () => {
    const found: AvailablePackage[] = [
      { name: 'greet', versions: ['1.2'], source: 'pypi' }
    ];
    const executed = show({ search: async () => found });
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'greet' }
    });
    await screen.findByText('newest: 1.2 · PyPI');
    click('Add greet…');
    expect(planned(executed)).toMatchObject({ specs: ['pypi:greet'] });
  });

  it.each([
    ['protected', { environment: environment('tf219', { protected: true }) }],
    ['read-only', { environment: environment('tf219', { writable: false }) }],
    ['busy', { job: job('1', 'tf219') }]
  ])('changes nothing of one that is %s', (_, props) => {
    show(props);
    expect(screen.queryByRole('button', { name: /^Remove/ })).toBeNull();
  });
});

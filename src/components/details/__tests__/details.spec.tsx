import { act, fireEvent, screen, render } from '@testing-library/react';
import React from 'react';

import { environment, job } from '../../../__tests__/fixtures';
import { RequestError } from '../../../api/request';
import { CommandIDs } from '../../../commandids';
import { show, click, Screen } from './showDetails';

describe('Details', () => {
  it('shows the size on disk once it is measured', () => {
    const { rerender } = render(<Screen size={null} />);
    expect(screen.queryByText(/on disk/)).toBeNull();
    rerender(<Screen />);
    screen.getByText('1.5 GB on disk (1.4 GB shared)');
  });

  it('shows an error in its tab, and no tab moves', () => {
    const error = new RequestError({
      reason: 'not-found',
      message: 'No such path.',
      hint: null,
      details: null
    });
    show({ revisions: { value: null, error } });
    const tabs = screen.getAllByRole('tab');
    expect(tabs.map(tab => tab.textContent)).toEqual([
      'Packages',
      'History',
      'Variables',
      'Check'
    ]);
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    screen.getByText('No such path.');
  });

  it('has a line for the size before it is known, and the job below the tabs', () => {
    show({ size: null, job: job('7', 'tf219') });
    screen.getByText('Measuring the size…');
    const bar = screen.getByRole('progressbar');
    const order = screen.getByRole('tablist').compareDocumentPosition(bar);
    expect(order & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it('says who shares an environment', () => {
    const shared = { by: 'ada', published: null };
    show({ environment: environment('team', { shared, writable: false }) });
    screen.getByText('Shared, read-only: belongs to ada');
  });

  it('does not say the same in a badge and in a warning', () => {
    const advice = {
      code: 'update',
      severity: 'info' as const,
      message: 'TensorFlow 2.20.0 is available.',
      plan_request: null,
      items: []
    };
    const update = { tensorflow: '2.20.0', keras: null };
    show({ environment: environment('tf219', { update, advice: [advice] }) });
    screen.getByRole('button', { name: /^↑ 2\.20/ });
    expect(screen.queryByText(advice.message)).toBeNull();
  });

  it.each([
    ['protected', { protected: true, protected_reason: 'It is frozen.' }],
    ['read-only', { writable: false }]
  ])('offers only changes in a copy of a %s environment', (_, change) => {
    const advice = {
      code: 'keras-mismatch',
      severity: 'warning' as const,
      message: 'Keras does not fit.',
      plan_request: { kind: 'repair' as const, environment: 'id-tf219' },
      items: []
    };
    const update = { tensorflow: '2.20.0', keras: '3.13.0' };
    const shown = environment('tf219', { ...change, update, advice: [advice] });
    show({ environment: shown });
    const changes = screen.getAllByRole<HTMLButtonElement>('button', {
      name: /Update|Fix|Use Keras/
    });
    // The updates are planned in a copy. The others would change the environment itself.
    expect(changes.map(button => button.disabled)).toEqual([
      false,
      false,
      true,
      true
    ]);
    const reason = shown.protected_reason ?? 'You do not have permission';
    changes.forEach(button => expect(button.title).toContain(reason));
  });

  it('names the package that no source has', async () => {
    jest.useFakeTimers();
    show();
    const field = screen.getByRole('searchbox');
    fireEvent.change(field, { target: { value: 'tensorfow<3' } });
    await act(() => jest.advanceTimersByTimeAsync(200));
    screen.getByText('No channel and no package index has “tensorfow”.');
    jest.useRealTimers();
  });

  it('moves between tabs with the arrow keys', () => {
    show();
    const list = screen.getByRole('tablist');
    fireEvent.keyDown(list, { key: 'ArrowLeft' });
    const last = screen.getByRole('tab', { name: 'Check' });
    expect(last.getAttribute('aria-selected')).toBe('true');
    expect(document.activeElement).toBe(last);
    fireEvent.keyDown(list, { key: 'ArrowRight' });
    expect(document.activeElement?.textContent).toBe('Packages');
  });

  it('shows the digest of the packages if it is known', () => {
    const digest = 'ab'.repeat(32);
    show({ environment: environment('tf219', { digest }) });
    screen.getByText(digest);
  });

  it('offers the available updates', () => {
    const update = { tensorflow: '2.19.2', keras: '3.13.0' };
    const executed = show({ environment: environment('tf219', { update }) });
    screen.getByText('↑ 2.19.2');
    click('↑ 3.13: Update tf219 to Keras 3.13.0');
    expect(executed).toEqual([
      [
        CommandIDs.updateEnvironment,
        { environment: 'id-tf219', packages: ['keras'] }
      ]
    ]);
  });

  it('shows the result of the check, and opens it', () => {
    const finished = new Date().toISOString();
    const shown = environment('tf219', {
      check: { ok: false, finished, outdated: false }
    });
    const executed = show({ environment: shown });
    screen.getByText(/^TensorFlow has problems$/);
    click('tf219: TensorFlow has problems');
    expect(executed).toEqual([
      [CommandIDs.showEnvironment, { environment: 'id-tf219', tab: 'check' }]
    ]);
  });

  it('offers Keras 2 if it can be chosen', () => {
    const executed = show();
    click('Use Keras 2…');
    expect(executed).toEqual([
      [CommandIDs.useKeras2, { environment: 'id-tf219' }]
    ]);
  });

  it('shows that tf.keras is Keras 2, and offers Keras 3', () => {
    const executed = show({
      environment: environment('tf219', {
        legacy_keras: { available: true, version: '2.19.0', enabled: true }
      })
    });
    screen.getByText('tf.keras is Keras 2 (tf-keras 2.19.0)', { exact: false });
    click('Use Keras 3');
    expect(executed).toEqual([
      [CommandIDs.useKeras3, { environment: 'id-tf219' }]
    ]);
  });

  it('shows that the kernel needs a missing tf-keras', () => {
    show({
      environment: environment('tf219', {
        legacy_keras: { available: true, version: null, enabled: true }
      })
    });
    screen.getByText(/tf-keras is missing/);
  });

  it('shows the source of packages and why the environment is protected', () => {
    const shown = environment('base', {
      tensorflow: {
        version: '2.19.1',
        build: null,
        variant: null,
        source: 'pypi'
      },
      protected: true,
      protected_reason: 'It is the base environment.'
    });
    show({ environment: shown });
    screen.getByText('TensorFlow 2.19.1 · PyPI');
    screen.getByText('Keras 3.12.0');
    screen.getByText('It is the base environment.');
    screen.getByText(shown.prefix);
  });
});

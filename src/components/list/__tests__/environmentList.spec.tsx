import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { job } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { click, group, List, row, show, trans } from './showList';

describe('a list of many environments', () => {
  it('renders only as many rows as are near', () => {
    const rows = Array.from({ length: 1000 }, (_, index) => row(`e${index}`));
    render(<List groups={group(...rows)} />);
    expect(screen.getAllByRole('listitem').length).toBeLessThan(100);
  });

  it('renders only the row again that changed', () => {
    const [a, b] = [row('a'), row('b')];
    const { rerender } = render(<List groups={group(a, b)} />);
    const written = jest.spyOn(trans, '__');
    rerender(<List groups={group({ ...a }, { ...b, job: job('1', 'b') })} />);
    const actions = written.mock.calls.filter(([text]) =>
      text.startsWith('Actions for')
    );
    expect(actions).toEqual([['Actions for %1', 'b']]);
    screen.getByRole('progressbar');
    written.mockRestore();
  });
});

describe('EnvironmentList', () => {
  it('shows the sort key, and changes it', () => {
    const sorted: string[] = [];
    show(group(row('tf219')), {
      sort: 'modified',
      onSort: sort => sorted.push(sort)
    });
    const choice = screen.getByRole<HTMLSelectElement>('combobox', {
      name: 'Sort environments by'
    });
    expect(choice.selectedOptions[0].text).toBe('Sort: last changed');
    expect(Array.from(choice.options, option => option.text)).toEqual([
      'Sort: name',
      'Sort: TensorFlow',
      'Sort: last changed'
    ]);
    fireEvent.change(choice, { target: { value: 'tensorflow' } });
    expect(sorted).toEqual(['tensorflow']);
  });

  it('shows how to get a first TensorFlow environment', () => {
    const executed = show([{ name: 'others', rows: [row('base')] }]);
    click('New Environment…');
    expect(executed[0][0]).toBe(CommandIDs.newEnvironment);
  });

  it('shows no empty list before the server responds', () => {
    show(null);
    expect(screen.queryByText(/no TensorFlow environment/)).toBeNull();
  });

  it('shows that no environment matches the filter', () => {
    show([], { filter: 'zzz' });
    expect(screen.getByRole('status').textContent).toBe(
      'No environment matches the filter.'
    );
  });

  it('expands the groups that match the filter', () => {
    show([{ name: 'others', rows: [row('base')] }], { filter: 'ba' });
    expect(screen.getByRole<HTMLDetailsElement>('group').open).toBe(true);
  });

  it('shows that the server does not respond, and tries again', () => {
    const executed = show(null, {
      failure: {
        reason: 'unreachable',
        message: 'The Jupyter server does not respond.',
        hint: 'Try again in a moment. The server may be restarting.',
        details: null
      }
    });
    expect(screen.getByRole('alert').textContent).toBe(
      'The Jupyter server does not respond.Try again in a moment. The server may be restarting.Try Again'
    );
    click('Try Again');
    expect(executed[0][0]).toBe(CommandIDs.refresh);
  });
});

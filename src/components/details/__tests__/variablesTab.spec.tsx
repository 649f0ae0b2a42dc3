import { act, fireEvent, screen } from '@testing-library/react';
import React from 'react';

import { environment } from '../../../__tests__/fixtures';
import { RequestError } from '../../../api/request';
import { Details } from '../details';
import { show, click } from './showDetails';

describe('the variables', () => {
  const MODE = { value: { MODE: 'fast' }, error: null };

  function field(name: string): HTMLInputElement {
    return screen.getByLabelText<HTMLInputElement>(name);
  }

  function showVariables(
    props: Partial<React.ComponentProps<typeof Details>> = {}
  ): unknown[] {
    const changes: unknown[] = [];
    show({
      tab: 'variables',
      variables: MODE,
      onVariables: async change => {
        changes.push(change);
      },
      ...props
    });
    return changes;
  }

  it('can be set', async () => {
    const changes = showVariables();
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'Set Variable' })
        .disabled
    ).toBe(true);
    fireEvent.change(field('Name'), { target: { value: ' OTHER ' } });
    fireEvent.change(field('Value'), { target: { value: 'a b' } });
    await act(async () => click('Set Variable'));
    expect(changes).toEqual([{ OTHER: 'a b' }]);
    expect([field('Name').value, field('Value').value]).toEqual(['', '']);
  });

  it('can be edited and removed', async () => {
    const changes = showVariables();
    click('MODE');
    expect([field('Name').value, field('Value').value]).toEqual([
      'MODE',
      'fast'
    ]);
    await act(async () => click('Remove MODE'));
    expect(changes).toEqual([{ MODE: null }]);
  });

  it('are offered with a sentence if TensorFlow reads them', () => {
    showVariables({
      variables: { value: { TF_USE_LEGACY_KERAS: '1' }, error: null }
    });
    screen.getByText(/^Hides messages of TensorFlow/);
    expect(screen.queryByText(/^Makes tf.keras Keras 2/)).toBeNull();
    click('TF_CPP_MIN_LOG_LEVEL');
    expect(field('Name').value).toBe('TF_CPP_MIN_LOG_LEVEL');
    expect(field('Value').value).toBe('2');
  });

  it('stay in the form if they are refused', async () => {
    showVariables({
      onVariables: async () => {
        throw new RequestError({
          reason: 'prefix-busy',
          message: '“tf219” is busy.',
          hint: null,
          details: null
        });
      }
    });
    fireEvent.change(field('Name'), { target: { value: 'OTHER' } });
    await act(async () => click('Set Variable'));
    screen.getByText('“tf219” is busy.');
    expect(field('Name').value).toBe('OTHER');
  });

  it('of a protected environment are only shown', () => {
    showVariables({ environment: environment('base', { protected: true }) });
    screen.getByText('MODE');
    expect(screen.queryByRole('button', { name: /MODE/ })).toBeNull();
    expect(screen.queryByLabelText('Name')).toBeNull();
  });
});

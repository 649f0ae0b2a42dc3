import { fireEvent, screen } from '@testing-library/react';

import { check, environment, job } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { show, click, planned } from './showDetails';

describe('Check', () => {
  it('plans a repair', () => {
    const executed = show({ tab: 'check' });
    click('Repair…');
    expect(planned(executed)).toEqual({
      kind: 'repair',
      environment: 'id-tf219'
    });
  });

  it('starts a check', () => {
    const executed = show({ tab: 'check' });
    click('Check');
    expect(executed).toEqual([
      [CommandIDs.checkEnvironment, { environment: 'id-tf219' }]
    ]);
  });

  it('shows problems with their remedies', () => {
    const request = {
      kind: 'update' as const,
      environment: 'id-tf219',
      packages: ['keras']
    };
    const result = check({
      ok: false,
      problems: [
        {
          code: 'keras-mismatch',
          message: 'Keras 2 does not go with TensorFlow 2.19.',
          remedy: {
            message: 'Update Keras.',
            plan_request: request,
            kernelspec: null
          },
          details: 'ImportError: no keras'
        },
        {
          code: 'user-site',
          message: 'keras is not of this environment.',
          remedy: {
            message: 'Leave those out.',
            plan_request: null,
            kernelspec: { ignore_user_site: true }
          },
          details: null
        }
      ]
    });
    const finished = '2026-02-01T10:00:00Z';
    const done = job('1', 'tf219', { kind: 'check', finished, result });
    const shown = environment('tf219', {
      check: { ok: false, finished, outdated: true }
    });
    const executed = show({ tab: 'check', check: done, environment: shown });
    screen.getByText('Has problems');
    screen.getByText('Keras 2 does not go with TensorFlow 2.19.');
    screen.getByText(/changed since/);
    screen.getByText('Traceback');
    screen.getByText('ImportError: no keras');
    const [update, set] = screen.getAllByRole('button', { name: 'Fix' });
    fireEvent.click(update);
    expect(planned(executed)).toEqual(request);
    fireEvent.click(set);
    expect(executed.pop()).toEqual([
      CommandIDs.setKernel,
      { environment: 'id-tf219', settings: { ignore_user_site: true } }
    ]);
  });

  it.each([
    ['3.12.0', false, '3.12.0'],
    ['2.19.0', true, '2.19.0 (tf-keras)']
  ])('shows the Keras that tf.keras is: %s, %s', (keras, tf_keras, text) => {
    const result = check({ keras, tf_keras });
    const done = job('1', 'tf219', { kind: 'check', result });
    show({ tab: 'check', check: done });
    expect(
      screen.getAllByRole('definition').map(item => item.textContent)
    ).toContain(text);
  });

  it('cannot be started twice', () => {
    show({ tab: 'check', isChecking: true });
    expect(
      screen.getByRole('button', { name: 'Checking…' }).hasAttribute('disabled')
    ).toBe(true);
  });
});

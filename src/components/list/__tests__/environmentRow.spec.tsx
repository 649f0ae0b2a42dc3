import { screen } from '@testing-library/react';

import { environment, failedJob, job } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { click, group, row, show } from './showList';

describe('EnvironmentRow', () => {
  it('describes an environment, and opens its details and a notebook', () => {
    const executed = show(group(row('tf219')));
    screen.getByText('2.19.1 · CPU · Python 3.11 · Keras 3.12.0');
    click('tf219');
    click('Open a notebook with tf219');
    const args = { environment: 'id-tf219' };
    expect(executed).toEqual([
      [CommandIDs.showEnvironment, args],
      [CommandIDs.openNotebook, args]
    ]);
  });

  it('says that an environment of another user is shared and read-only', () => {
    const shared = { by: 'ada', published: null };
    const shown = environment('tf219', { shared, writable: false });
    show(group(row('tf219', { environment: shown }), row('tf220')));
    expect(screen.getAllByText(/shared, read-only/)).toHaveLength(1);
  });

  it('names the environment that another one is built over', () => {
    const over = { environment: 'id-team', name: 'team', prefix: '/srv/team' };
    const shown = environment('mine', { over });
    show(group(row('mine', { environment: shown })));
    screen.getByText(/over team/);
  });

  it('marks the environment of the current notebook', () => {
    show(group(row('tf219', { isCurrent: true }), row('other')));
    const items = screen.getAllByRole('listitem');
    expect(items[0].getAttribute('aria-current')).toBe('true');
    expect(items[1].getAttribute('aria-current')).toBeNull();
    screen.getByRole('img', { name: 'Used by the current notebook' });
  });

  it('offers an available update', () => {
    const update = { tensorflow: '2.20.0', keras: null };
    const shown = environment('tf219', { update });
    const executed = show(group(row('tf219', { environment: shown })));
    click('↑ 2.20: Update tf219 to TensorFlow 2.20.0');
    expect(executed).toEqual([
      [
        CommandIDs.updateEnvironment,
        { environment: 'id-tf219', packages: ['tensorflow'] }
      ]
    ]);
  });

  it('offers the update of a protected environment in a copy', () => {
    const shown = environment('base', {
      update: { tensorflow: '2.20.0', keras: null },
      protected: true,
      protected_reason: 'It is the base environment.'
    });
    show(group(row('base', { environment: shown })));
    const badge = screen.getByRole<HTMLButtonElement>('button', {
      name: /: Update base/
    });
    expect(badge.disabled).toBe(false);
    expect(badge.title).toBe(
      'Update TensorFlow to 2.20.0 in a copy. It is the base environment.'
    );
  });

  it('shows a running job in the second line, with Cancel', () => {
    const executed = show(group(row('tf219', { job: job('7', 'tf219') })));
    expect(screen.queryByText(/2\.19\.1/)).toBeNull();
    const bar = screen.getByRole<HTMLProgressElement>('progressbar', {
      name: 'Progress of tf219'
    });
    expect(bar.value).toBeCloseTo(0.4);
    expect(bar.getAttribute('aria-valuetext')).toBe('downloading 212 / 340 MB');
    click('Cancel');
    expect(executed).toEqual([[CommandIDs.cancelJob, { job: '7' }]]);
  });

  it('cannot cancel a job during the swap', () => {
    const swapping = job('7', 'tf219', { phase: 'swap' });
    show(group(row('tf219', { job: swapping })));
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
  });

  it('shows the error of a failed job until it is dismissed', () => {
    const failure = failedJob('7', 'tf219', {
      request: { kind: 'create', name: 'tf219' }
    });
    const executed = show(group(row('tf219', { environment: null, failure })));
    expect(screen.getByRole('alert').textContent).toContain(
      'The channel conda-forge did not answer.'
    );
    click('Retry');
    click('Show Log');
    click('Dismiss');
    expect(executed.map(([command]) => command)).toEqual([
      CommandIDs.retryJob,
      CommandIDs.showJob,
      CommandIDs.dismissJob
    ]);
  });

  it('explains an interrupted job', () => {
    const failure = failedJob('7', 'tf219', {
      state: 'interrupted',
      error: {
        reason: 'failed',
        message: 'The server ended.',
        hint: 'Try again.',
        details: null,
        alternatives: [],
        lasting: false
      }
    });
    show(group(row('tf219', { failure })));
    expect(screen.getByRole('alert').textContent).toContain(
      'The server ended.Try again.'
    );
  });

  it('shows a warning with its alternative', () => {
    const request = {
      kind: 'install' as const,
      environment: 'id-tf219',
      specs: ['tensorflow=*=cuda*']
    };
    const shown = environment('tf219', {
      advice: [
        {
          code: 'info',
          severity: 'info',
          message: 'Nothing to worry about.',
          plan_request: null,
          items: []
        },
        {
          code: 'cpu-beside-gpu',
          severity: 'warning',
          message: 'CPU build, but a GPU is present',
          plan_request: request,
          items: []
        }
      ]
    });
    const executed = show(group(row('tf219', { environment: shown })));
    screen.getByText(/CPU build, but a GPU is present/);
    expect(screen.queryByText('Nothing to worry about.')).toBeNull();
    click('Fix');
    expect(executed).toEqual([['plan', request]]);
  });
});

describe('the kernel of a row', () => {
  it('is restarted after its packages changed', () => {
    const shown = environment('tf219', { outdated_kernels: ['k1'] });
    const executed = show(group(row('tf219', { environment: shown })));
    click('Restart kernel');
    expect(executed).toEqual([
      [CommandIDs.restartKernels, { environment: shown.id }]
    ]);
  });

  it('can be installed if there is none', () => {
    const request = {
      kind: 'install' as const,
      environment: 'id-tf219',
      specs: ['ipykernel']
    };
    const shown = environment('tf219', {
      kernel: null,
      advice: [
        {
          code: 'no-kernel',
          severity: 'info',
          message: 'The environment has no kernel.',
          plan_request: request,
          items: []
        }
      ]
    });
    const executed = show(group(row('tf219', { environment: shown })));
    screen.getByText(/no kernel/);
    click('Install kernel…');
    expect(executed).toEqual([['plan', request]]);
  });

  it('can be hidden', () => {
    const shown = environment('tf219', { kernel: null, hidden: true });
    show(group(row('tf219', { environment: shown })));
    screen.getByText(/hidden from the launcher/);
  });
});

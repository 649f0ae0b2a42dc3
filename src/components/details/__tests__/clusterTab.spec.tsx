import { fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';

import { job } from '../../../__tests__/fixtures';
import type { ClusterNode, Job, NodeResult } from '../../../api/generated';
import type { IClusterTabProps } from '../clusterTab';
import { ClusterTab } from '../clusterTab';
import { trans } from './showDetails';

function node(name: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name,
    address: `tcp://${name}:1`,
    prefix: '/usr',
    inside: '',
    can_go_back: false,
    obstacle: null,
    ...change
  };
}

function result(
  name: string,
  state: NodeResult['state'],
  message = ''
): NodeResult {
  const error = {
    reason: 'failed' as const,
    message,
    hint: null,
    details: null,
    alternatives: [],
    lasting: false
  };
  return {
    name,
    address: `tcp://${name}:1`,
    state,
    prefix: null,
    error: message ? error : null,
    note: null,
    tensorflow: null,
    gpus: 0
  };
}

function show(change: Partial<IClusterTabProps> = {}) {
  const onPlan = jest.fn();
  const onRefresh = jest.fn();
  const onChoose = jest.fn();
  const onCheck = jest.fn();
  const props: IClusterTabProps = {
    environment: '1',
    clusters: [{ id: 'gpu', name: 'gpu', address: 'tls://gpu:8786' }],
    chosen: 'gpu',
    nodes: { value: [node('a'), node('b')], error: null },
    job: null,
    canPlan: true,
    trans,
    onPlan,
    onRefresh,
    onChoose,
    onCheck,
    ...change
  };
  const shown = render(<ClusterTab {...props} />);
  const update = (change: Partial<IClusterTabProps>): void =>
    shown.rerender(<ClusterTab {...props} {...change} />);
  return { onPlan, onRefresh, onChoose, onCheck, update };
}

const START = { kind: 'rollout', environment: '1', cluster: 'gpu' } as const;

function rollout(nodes: NodeResult[], cluster = 'gpu') {
  return job('9', 'tf', {
    kind: 'rollout',
    state: 'failed',
    finished: new Date(0).toISOString(),
    request: { ...START, cluster },
    nodes
  });
}

function rows(): (string | null)[] {
  const table = screen.getByRole('table', { name: 'Workers' });
  return within(table)
    .getAllByRole('row')
    .map(row => row.textContent);
}

it('shows what each worker runs, and why one cannot enter', () => {
  show({
    nodes: {
      value: [
        node('a', { inside: 'tf-12345678', prefix: '/envs/tf-12345678' }),
        node('b', { obstacle: 'The worker has no nanny.' })
      ],
      error: null
    }
  });
  expect(rows()).toEqual([
    'aruns tf-12345678',
    'bruns its own Python (/usr). The worker has no nanny.'
  ]);
});

it('plans a rollout, or only the installation', () => {
  const { onPlan } = show();
  fireEvent.click(screen.getByRole('button', { name: 'Review Rollout…' }));
  expect(onPlan).toHaveBeenLastCalledWith({ ...START, mode: 'inside' });
  fireEvent.click(screen.getByRole('checkbox'));
  fireEvent.click(screen.getByRole('button', { name: 'Review Rollout…' }));
  expect(onPlan).toHaveBeenLastCalledWith({ ...START, mode: 'beside' });
});

it('offers to go back only if a worker ran something else', () => {
  const { onPlan, update } = show();
  expect(screen.queryByRole('button', { name: 'Go Back…' })).toBeNull();
  update({
    nodes: { value: [node('a', { can_go_back: true })], error: null }
  });
  fireEvent.click(screen.getByRole('button', { name: 'Go Back…' }));
  expect(onPlan).toHaveBeenCalledWith({ ...START, mode: 'back' });
});

it('shows failures first with their reasons, and retries only them', () => {
  const { onPlan } = show({
    job: rollout([result('a', 'inside'), result('b', 'failed', 'No room.')])
  });
  expect(rows()).toEqual(['bNo room.', 'aruns its own Python (/usr)']);
  fireEvent.click(screen.getByRole('button', { name: 'Retry Failed…' }));
  expect(onPlan).toHaveBeenCalledWith({
    ...START,
    mode: 'inside',
    nodes: ['b']
  });
});

it('shows the state of each worker while a rollout runs', () => {
  const active = {
    ...rollout([result('a', 'draining'), result('b', 'installing')]),
    state: 'running' as const,
    finished: null
  };
  show({ job: active, canPlan: false });
  expect(rows()).toEqual(['astarting again', 'binstalling']);
  expect(screen.queryByRole('button', { name: 'Retry Failed…' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Review Rollout…' })).toBeNull();
});

it('checks the workers, and shows failures first, then the versions that work', () => {
  const { onCheck, update } = show();
  fireEvent.click(screen.getByRole('button', { name: 'Check Workers' }));
  expect(onCheck).toHaveBeenCalledTimes(1);
  const check = (change: Partial<Job>): Job =>
    job('9', 'tf', {
      kind: 'check',
      cluster: 'gpu',
      nodes: [
        { ...result('a', 'works'), tensorflow: '2.19.1', gpus: 2 },
        result('b', 'failed', 'TensorFlow is not installed.')
      ],
      ...change
    });
  update({
    job: check({ nodes: [result('a', 'checking'), result('b', 'waiting')] }),
    canPlan: false
  });
  expect(rows()).toEqual(['achecking', 'bwaiting']);
  expect(screen.queryByRole('button', { name: 'Check Workers' })).toBeNull();
  update({ job: check({ state: 'failed', finished: '2026-01-01T00:00:00Z' }) });
  expect(rows()).toEqual([
    'bTensorFlow is not installed.',
    'aTensorFlow 2.19.1 works, with 2 GPUs'
  ]);
  // Another check is the way to try a check again.
  expect(screen.queryByRole('button', { name: 'Retry Failed…' })).toBeNull();
});

it('says what the all_reduce of a check showed', () => {
  show({
    job: job('9', 'tf', {
      kind: 'check',
      cluster: 'gpu',
      state: 'succeeded',
      finished: '2026-01-01T00:00:00Z',
      nodes: [{ ...result('a', 'works'), tensorflow: '2.19.1' }],
      warnings: [
        {
          code: 'no-all-reduce',
          severity: 'info',
          message: 'No all_reduce was tried.',
          plan_request: null,
          items: []
        }
      ]
    })
  });
  expect(rows()).toEqual([
    'aTensorFlow 2.19.1 works',
    'bruns its own Python (/usr)'
  ]);
  expect(screen.getByText('No all_reduce was tried.')).toBeTruthy();
});

it('asks the workers again when it opens and when a rollout ends', () => {
  const { onRefresh, update } = show();
  expect(onRefresh).toHaveBeenCalledTimes(1);
  update({ job: rollout([result('a', 'inside')]) });
  expect(onRefresh).toHaveBeenCalledTimes(2);
  fireEvent.click(
    screen.getByRole('button', { name: 'Ask the workers again' })
  );
  expect(onRefresh).toHaveBeenCalledTimes(3);
});

it('shows the reason of a failure, and its details on demand', () => {
  const failed = result('a', 'failed', 'Keras cannot be imported.');
  show({
    job: job('1', 'tf', {
      nodes: [
        { ...failed, error: { ...failed.error!, details: 'Traceback: line 3' } }
      ]
    })
  });
  expect(screen.getByText('Keras cannot be imported.')).toBeTruthy();
  const details = screen.getByText('Traceback: line 3').closest('details');
  expect(details?.open).toBe(false);
  expect(details?.querySelector('summary')?.textContent).toBe('Show Details');
});

it('lets the user choose a cluster if there are several', () => {
  const { onChoose } = show({
    clusters: ['gpu', 'cpu'].map(id => ({ id, name: id, address: 'tls://x:1' }))
  });
  fireEvent.change(screen.getByRole('combobox', { name: 'Cluster' }), {
    target: { value: 'cpu' }
  });
  expect(onChoose).toHaveBeenCalledWith('cpu');
});

it('says that there are no workers, and why a cluster does not answer', () => {
  const { update } = show({ nodes: { value: [], error: null } });
  expect(screen.getByText(/No workers yet/)).toBeTruthy();
  update({
    nodes: {
      value: null,
      error: {
        reason: 'cluster-unreachable',
        message: 'No Dask scheduler answers at tls://gpu:8786.',
        hint: null,
        details: null
      } as never
    }
  });
  expect(screen.getByText(/No Dask scheduler answers/)).toBeTruthy();
});

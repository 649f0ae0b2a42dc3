import type { Event } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { Stream } from '@lumino/signaling';

import { failure, FakeServer } from '../../../__tests__/fakeServer';
import {
  environment,
  failedJob,
  job,
  STATUS
} from '../../../__tests__/fixtures';
import { EnvironmentsClient } from '../../../api/environments';
import type { Environment, Job } from '../../../api/generated';
import { JobsClient } from '../../../api/jobs';
import { StatusClient } from '../../../api/status';
import { DetailsModel } from '../details';
import { ENVIRONMENTS_EVENT, EnvironmentsModel } from '../environments';
import { JobsModel } from '../jobs';
import type { Sort } from '../listRows';
import { groupRows } from '../listRows';
import { StatusModel } from '../status';

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(item => item.dispose());
});

function modelOf(server: FakeServer): EnvironmentsModel {
  const model = new EnvironmentsModel(new EnvironmentsClient(server.settings));
  disposables.push(model);
  return model;
}

async function rowsOf(
  environments: readonly Environment[],
  jobs: readonly Job[] = [],
  filter = '',
  current: string | null = null,
  sort?: Sort
): Promise<Record<string, string[]>> {
  const server = new FakeServer({
    'GET environments': { environments },
    'GET jobs': { jobs }
  });
  const model = modelOf(server);
  const client = new JobsClient(server.settings);
  const jobsModel = new JobsModel({ client, stream: null, store: null });
  disposables.push(jobsModel);
  model.currentKernel = current;
  await Promise.all([model.refresh(), jobsModel.refresh()]);
  return Object.fromEntries(
    groupRows(model, jobsModel, filter, sort).map(group => [
      group.name,
      group.rows.map(row => row.name)
    ])
  );
}

describe('EnvironmentsModel', () => {
  it('loads the environments, and signals only changes', async () => {
    const server = new FakeServer({
      'GET environments': { environments: [environment('tf219')] }
    });
    const model = modelOf(server);
    let changes = 0;
    model.stateChanged.connect(() => changes++);
    await model.refresh();
    await model.refresh();
    expect(changes).toBe(1);
    expect(model.get('id-tf219')?.name).toBe('tf219');
    expect([...model.names]).toEqual(['tf219']);
  });

  it('sends another request after one that is under way', async () => {
    const server = new FakeServer({ 'GET environments': { environments: [] } });
    const arrival = new PromiseDelegate<void>();
    server.onTheWay = arrival.promise;
    const model = modelOf(server);
    const before = model.refresh();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(server.calls).toHaveLength(1);
    server.routes['GET environments'] = {
      environments: [environment('tf219')]
    };
    const after = Promise.all([model.refresh(), model.refresh()]);
    arrival.resolve();
    await before;
    expect(model.environments).toHaveLength(0);
    await after;
    expect(model.environments).toHaveLength(1);
    expect(server.calls).toHaveLength(2);
  });

  it('keeps its environments if the server does not respond', async () => {
    const server = new FakeServer({
      'GET environments': { environments: [environment('tf219')] }
    });
    const model = modelOf(server);
    await model.refresh();
    server.isDown = true;
    await model.refresh();
    expect(model.error?.reason).toBe('unreachable');
    expect(model.environments).toHaveLength(1);
    server.isDown = false;
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('sends no requests while the list is hidden', async () => {
    jest.useFakeTimers();
    try {
      const server = new FakeServer({
        'GET environments': { environments: [] }
      });
      const model = modelOf(server);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(server.calls).toHaveLength(0);
      model.watched = true;
      await jest.advanceTimersByTimeAsync(60_000);
      // One when it opens, and two a minute.
      expect(server.calls).toHaveLength(3);
      model.watched = false;
      const { length } = server.calls;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(server.calls).toHaveLength(length);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('An event of the server', () => {
  it('updates the list while it is visible', async () => {
    const server = new FakeServer({ 'GET environments': { environments: [] } });
    const manager = {} as Event.IManager;
    const stream = new Stream<Event.IManager, Event.Emission>(manager);
    const client = new EnvironmentsClient(server.settings);
    const model = new EnvironmentsModel(client, stream);
    disposables.push(model);
    const emit = (schema_id: string): void =>
      stream.emit({ schema_id } as Event.Emission);
    emit(ENVIRONMENTS_EVENT);
    expect(server.calls).toHaveLength(0);
    model.watched = true;
    await model.refresh();
    const { length } = server.calls;
    emit('https://example.org/other');
    emit(ENVIRONMENTS_EVENT);
    await model.refresh();
    expect(server.calls).toHaveLength(length + 1);
  });
});

describe('groupRows', () => {
  const others = { tensorflow: null, keras: null };

  it('groups by TensorFlow and usability', async () => {
    const broken = {
      code: 'broken',
      severity: 'error' as const,
      message: 'Its interpreter is missing.',
      plan_request: null,
      items: []
    };
    const rows = await rowsOf([
      environment('tf219'),
      environment('base', others),
      environment('gone', { ...others, advice: [broken] })
    ]);
    expect(rows).toEqual({
      tensorflow: ['tf219'],
      others: ['base'],
      unusable: ['gone']
    });
  });

  it('lists the environment of the current notebook first, and sorts names by number', async () => {
    const environments = ['tf9', 'tf10', 'tf2'].map(name => environment(name));
    expect(await rowsOf(environments)).toEqual({
      tensorflow: ['tf2', 'tf9', 'tf10']
    });
    expect(await rowsOf(environments, [], '', 'conda-env-tf10-py')).toEqual({
      tensorflow: ['tf10', 'tf2', 'tf9']
    });
  });

  it.each([
    ['name', ['a', 'b', 'c', 'd']],
    ['tensorflow', ['c', 'd', 'b', 'a']],
    ['modified', ['b', 'c', 'd', 'a']]
  ] as const)('sorts by %s, newest first', async (sort, names) => {
    const of = (name: string, version: string, modified: string | null) => {
      const shown = environment(name, { modified });
      return { ...shown, tensorflow: { ...shown.tensorflow!, version } };
    };
    const environments = [
      of('a', '2.9.1', null),
      of('d', '2.20.0', '2026-01-02T00:00:00.000+00:00'),
      of('b', '2.20.0rc1', '2026-01-03T00:00:00.000+00:00'),
      of('c', '2.20.0', '2026-01-02T00:00:00.000+00:00')
    ];
    const { tensorflow } = await rowsOf(environments, [], '', null, sort);
    expect(tensorflow).toEqual(names);
    const front = await rowsOf(environments, [], '', 'conda-env-a-py', sort);
    expect(front.tensorflow[0]).toBe('a');
  });

  it('sorts environments with active jobs as newest', async () => {
    const modified = '2026-01-02T00:00:00.000+00:00';
    const environments = ['a', 'b'].map(name =>
      environment(name, { modified })
    );
    const jobs = [job('1', 'b', { kind: 'update' }), job('2', 'coming')];
    expect(await rowsOf(environments, jobs, '', null, 'modified')).toEqual({
      tensorflow: ['b', 'coming', 'a']
    });
  });

  it('has a row for an environment that a job creates or failed to create', async () => {
    const jobs = [
      job('3', 'coming'),
      failedJob('2', 'failed'),
      job('1', 'cancelled', { state: 'cancelled' })
    ];
    expect(await rowsOf([], jobs)).toEqual({
      tensorflow: ['coming', 'failed']
    });
  });

  it('has one row for an environment with an active job', async () => {
    const jobs = [job('1', 'tf219', { kind: 'update' })];
    expect(await rowsOf([environment('tf219')], jobs)).toEqual({
      tensorflow: ['tf219']
    });
  });

  it('filters by every word, over name, version and Python', async () => {
    const environments = [
      environment('tf219'),
      environment('tf220', { python: '3.12.1' })
    ];
    expect(await rowsOf(environments, [], '3.12 TF')).toEqual({
      tensorflow: ['tf220']
    });
    expect(await rowsOf(environments, [], 'nothing')).toEqual({});
  });
});

describe('DetailsModel', () => {
  it('loads an environment once for each change', async () => {
    const server = new FakeServer({
      'GET environments/a/packages': { packages: [] },
      'GET environments/a/revisions': failure(404, 'not-found', 'Not yet.')
    });
    const model = new DetailsModel(new EnvironmentsClient(server.settings));
    await model.load('a', '2026-01-01');
    await model.load('a', '2026-01-01');
    // Packages, revisions, variables, annotations and the size.
    expect(server.calls).toHaveLength(5);
    expect(model.packages?.value).toEqual([]);
    expect(model.revisions?.error?.reason).toBe('not-found');
    await model.load('a', '2026-01-02');
    expect(server.calls).toHaveLength(10);
  });

  it('shows no data of another environment while it loads', async () => {
    const server = new FakeServer({
      'GET environments/a/packages': { packages: [] },
      'GET environments/a/revisions': { revisions: [] }
    });
    const model = new DetailsModel(new EnvironmentsClient(server.settings));
    await model.load('a', null);
    const loading = model.load('b', null);
    expect(model.packages).toBeNull();
    await loading;
    expect(model.packages?.error?.reason).toBe('not-found');
  });
});

describe('StatusModel', () => {
  it('has the free space of the directory for new environments', async () => {
    const server = new FakeServer({ 'GET status': STATUS });
    const model = new StatusModel(new StatusClient(server.settings));
    expect(model.freeBytes).toBeNull();
    await model.refresh();
    expect(model.freeBytes).toBe(41e9);
  });
});

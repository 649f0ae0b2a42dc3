import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';

import { failure, FakeServer } from '../../../__tests__/fakeServer';
import { check, failedJob, job } from '../../../__tests__/fixtures';
import type { Job } from '../../../api/generated';
import { JobsClient } from '../../../api/jobs';
import type { IDismissedStore } from '../jobs';
import { canCancel } from '../job';
import { JOB_EVENT, JobsModel } from '../jobs';

const manager = {} as Event.IManager;

interface ISetup {
  readonly model: JobsModel;
  readonly server: FakeServer;
  readonly finished: string[];
  emit(data: Job, schema?: string): void;
}

const models: JobsModel[] = [];

/** Create a model and load these jobs. */
async function setUp(
  jobs: readonly Job[],
  store: IDismissedStore | null = null
): Promise<ISetup> {
  const server = new FakeServer({ 'GET jobs': { jobs } });
  const stream: Event.Stream = new Stream(manager);
  const client = new JobsClient(server.settings);
  const model = new JobsModel({ client, stream, store });
  models.push(model);
  const finished: string[] = [];
  model.jobFinished.connect((_, item) => {
    finished.push(item.id);
  });
  await model.refresh();
  const emit = (data: Job, schema = JOB_EVENT): void => {
    const emission: unknown = { ...data, schema_id: schema };
    (stream as Stream<Event.IManager, Event.Emission>).emit(
      emission as Event.Emission
    );
  };
  return { model, server, finished, emit };
}

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('JobsModel', () => {
  it('loads the jobs without signals for finished ones', async () => {
    const { model, finished } = await setUp([
      job('2', 'tf'),
      job('1', 'old', { state: 'succeeded' })
    ]);
    expect(model.jobs.map(item => item.id)).toEqual(['2', '1']);
    expect(finished).toEqual([]);
  });

  it('follows the events of its own schema', async () => {
    const { model, finished, emit } = await setUp([job('1', 'tf')]);
    emit(job('1', 'tf', { phase: 'link' }));
    expect(model.get('1')?.phase).toBe('link');
    emit(job('1', 'tf', { phase: 'swap' }), 'https://example.org/other');
    expect(model.get('1')?.phase).toBe('link');
    emit(job('1', 'tf', { state: 'succeeded' }));
    expect(finished).toEqual(['1']);
  });

  it('adds a job that another window started', async () => {
    const { model, emit } = await setUp([job('1', 'tf')]);
    emit(job('2', 'other'));
    expect(model.jobs.map(item => item.id)).toEqual(['2', '1']);
  });

  it('finds by polling what events missed', async () => {
    const { model, server, finished } = await setUp([job('1', 'tf')]);
    server.routes['GET jobs'] = {
      jobs: [job('1', 'tf', { state: 'succeeded' })]
    };
    await model.refresh();
    expect(finished).toEqual(['1']);
    await model.refresh();
    expect(finished).toEqual(['1']);
  });

  it('polls only while a job is active or the panel is visible', async () => {
    jest.useFakeTimers();
    try {
      const { model, server, emit } = await setUp([]);
      const requests = async (): Promise<number> => {
        server.seen.length = 0;
        await jest.advanceTimersByTimeAsync(180_000);
        return server.seen.length;
      };
      await requests();
      expect(await requests()).toBe(0);
      server.routes['GET jobs'] = { jobs: [job('1', 'tf')] };
      emit(job('1', 'tf'));
      expect(await requests()).toBeGreaterThan(30);
      const done = job('1', 'tf', { state: 'succeeded' });
      server.routes['GET jobs'] = { jobs: [done] };
      emit(done);
      await requests();
      expect(await requests()).toBe(0);
      model.watched = true;
      await jest.advanceTimersByTimeAsync(0);
      expect(server.calls).toEqual(['GET jobs']);
      await requests();
      expect(await requests()).toBe(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('polls all the time without events, and until it has an answer', async () => {
    jest.useFakeTimers();
    try {
      const server = new FakeServer({ 'GET jobs': { jobs: [] } });
      const client = new JobsClient(server.settings);
      models.push(new JobsModel({ client, stream: null, store: null }));
      await jest.advanceTimersByTimeAsync(300_000);
      expect(server.calls.length).toBeGreaterThan(3);
      const stream: Event.Stream = new Stream(manager);
      const other = new FakeServer();
      models.push(
        new JobsModel({
          client: new JobsClient(other.settings),
          stream,
          store: null
        })
      );
      await jest.advanceTimersByTimeAsync(600_000);
      expect(other.calls.length).toBeGreaterThan(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('ignores a response that is older than an event', async () => {
    const { model, emit } = await setUp([job('1', 'tf')]);
    emit(job('1', 'tf', { state: 'succeeded' }));
    await model.refresh();
    expect(model.get('1')?.state).toBe('succeeded');
    const progress = { ...job('2', 'b').progress, fraction: 0.9 };
    emit(job('2', 'b', { progress }));
    emit(job('2', 'b'));
    expect(model.get('2')?.progress.fraction).toBe(0.9);
  });

  it('keeps a job that started during the request', async () => {
    const { model, server, emit } = await setUp([]);
    const reading = model.refresh();
    emit(job('1', 'tf'));
    await reading;
    expect(server.routes['GET jobs']).toEqual({ jobs: [] });
    expect(model.get('1')).toBeDefined();
  });

  it('keeps the error and its jobs if a request fails', async () => {
    const { model, server } = await setUp([job('1', 'tf')]);
    server.isDown = true;
    await model.refresh();
    expect(model.error?.reason).toBe('unreachable');
    expect(model.jobs).toHaveLength(1);
  });

  it('applies a plan as a job', async () => {
    const { model, server } = await setUp([]);
    server.routes['POST jobs'] = job('9', 'tf', { state: 'queued' });
    await model.start('plan-1');
    expect(server.body('POST jobs')).toEqual({ plan: 'plan-1' });
    expect(model.get('9')?.state).toBe('queued');
  });

  it('cancels a job, and ignores that it finished in the meantime', async () => {
    const { model, server, finished } = await setUp([job('1', 'tf')]);
    server.routes['DELETE jobs/1'] = failure(409, 'not-running', 'It ended.');
    server.routes['GET jobs'] = {
      jobs: [job('1', 'tf', { state: 'succeeded' })]
    };
    await model.cancel('1');
    expect(finished).toEqual(['1']);
    server.routes['DELETE jobs/1'] = failure(404, 'not-found', 'No such job.');
    await expect(model.cancel('1')).rejects.toMatchObject({
      reason: 'not-found'
    });
  });
});

describe('jobs of a prefix', () => {
  const { prefix } = job('', 'tf');

  it('give the running job, else the first in the queue', async () => {
    const { model, emit } = await setUp([
      job('3', 'tf', { state: 'queued' }),
      job('2', 'tf', { state: 'queued' }),
      job('1', 'tf', { state: 'succeeded' })
    ]);
    expect(model.activeOn(prefix)?.id).toBe('2');
    emit(job('3', 'tf'));
    expect(model.activeOn(prefix)?.id).toBe('3');
    expect(model.activeOn('/elsewhere')).toBeUndefined();
  });

  it('give the failure of the newest job until it is dismissed', async () => {
    const saved: string[][] = [];
    const store: IDismissedStore = {
      load: async () => ['forgotten'],
      save: async ids => {
        saved.push([...ids]);
      }
    };
    const { model } = await setUp(
      [failedJob('2', 'tf'), failedJob('1', 'tf')],
      store
    );
    expect(model.failureOn(prefix)?.id).toBe('2');
    await model.dismiss('2');
    expect(model.failureOn(prefix)).toBeUndefined();
    // Ids of jobs that the server has forgotten are dropped.
    expect(saved).toEqual([['2']]);
  });

  it('forget a failure before a success, and an old one', async () => {
    const { model } = await setUp([
      job('3', 'tf', { state: 'succeeded' }),
      failedJob('2', 'tf'),
      failedJob('1', 'old', { finished: '2020-01-01T00:00:00Z' })
    ]);
    expect(model.failureOn(prefix)).toBeUndefined();
    expect(model.failureOn(job('', 'old').prefix)).toBeUndefined();
  });

  it('stay dismissed after a reload', async () => {
    const store: IDismissedStore = {
      load: async () => ['1'],
      save: async () => undefined
    };
    const { model } = await setUp([failedJob('1', 'tf')], store);
    expect(model.failureOn(prefix)).toBeUndefined();
  });

  it('give the newest check that has a result', async () => {
    const { model } = await setUp([
      job('3', 'tf', { kind: 'check' }),
      job('2', 'tf', { kind: 'check', state: 'succeeded', result: check() }),
      job('1', 'tf', { kind: 'check', state: 'succeeded', result: check() })
    ]);
    expect(model.checkOf(prefix)?.id).toBe('2');
  });

  it('give the newest rollout or check on a cluster, which is no check of this machine', async () => {
    const request = {
      kind: 'rollout',
      environment: '1',
      cluster: 'gpu'
    } as const;
    const { model } = await setUp([
      job('4', 'other', { kind: 'check', cluster: 'gpu' }),
      job('3', 'tf', { kind: 'check', cluster: 'gpu' }),
      job('2', 'tf', { kind: 'rollout', request, state: 'succeeded' }),
      job('1', 'tf', {
        kind: 'rollout',
        request: { ...request, cluster: 'cpu' },
        state: 'failed'
      })
    ]);
    expect(model.onCluster(prefix, 'gpu')?.id).toBe('3');
    expect(model.onCluster(prefix, 'cpu')?.id).toBe('1');
    expect(model.onCluster(prefix, '')).toBeUndefined();
    expect(model.isChecking(prefix)).toBe(false);
  });
});

describe('canCancel', () => {
  it('is false from the swap on', () => {
    expect(canCancel(job('1', 'tf', { phase: 'link' }))).toBe(true);
    expect(canCancel(job('1', 'tf', { phase: 'swap' }))).toBe(false);
    expect(canCancel(job('1', 'tf', { state: 'failed' }))).toBe(false);
  });
});

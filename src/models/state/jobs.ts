import type { Event } from '@jupyterlab/services';
import { VDomModel } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Job } from '../../api/generated';
import type { FailedJob, JobsClient } from '../../api/jobs';
import { hasFailed } from '../../api/jobs';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** Schema id of the event whose data is a job. */
export const JOB_EVENT = 'https://schema.jupyter.org/tfenv_lab/job/v1';

/** Milliseconds between two reads: events come faster, but are lost while the websocket is down. */
const ACTIVE_INTERVAL = 2000;
const IDLE_INTERVAL = 30 * 1000;

/** A failure older than this many milliseconds is history. */
const FORGET_AFTER = 7 * 24 * 60 * 60 * 1000;

/** Where the ids of failed jobs that the user has put away are kept. */
export interface IDismissedStore {
  load(): Promise<readonly string[]>;
  save(ids: readonly string[]): Promise<void>;
}

/** Whether a job still has something to do. */
export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/** Whether a job can still be ended: from the swap on, the change is made. */
export function canCancel(job: Job): boolean {
  return isActive(job) && job.phase !== 'swap';
}

/**
 * All jobs of the server. Events bring them up to date at once, reading them again is the truth.
 */
export class JobsModel extends VDomModel {
  constructor(options: JobsModel.IOptions) {
    super();
    this.client = options.client;
    this._store = options.store;
    this._poll = new Poll({
      name: 'tfenv-lab:jobs',
      factory: () => this._tick(),
      frequency: { interval: IDLE_INTERVAL, backoff: true, max: 60 * 1000 },
      standby: 'when-hidden'
    });
    options.stream?.connect(this._onEvent, this);
    void this._loadDismissed();
  }

  readonly client: JobsClient;

  /** Newest first. */
  get jobs(): readonly Job[] {
    return this._jobs;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** Emitted for every change of a job. */
  get jobChanged(): ISignal<this, Job> {
    return this._jobChanged;
  }

  /** Emitted once for each job that was seen at work and is now finished. */
  get jobFinished(): ISignal<this, Job> {
    return this._jobFinished;
  }

  /** Emitted for a job that could not delete all that it removed or replaced; that may be known after its end. */
  get leftoversFound(): ISignal<this, Job> {
    return this._leftoversFound;
  }

  get(id: string | null): Job | undefined {
    return this._jobs.find(job => job.id === id);
  }

  /** The job at work on a prefix; the running one before those that wait. An automatic check gives way to anything. */
  activeOn(prefix: string): Job | undefined {
    const active = this._jobs.filter(
      job => job.prefix === prefix && isActive(job) && !job.automatic
    );
    return active.find(job => job.state === 'running') ?? active.pop();
  }

  /** Whether a prefix is being checked, on request or not. */
  isChecking(prefix: string): boolean {
    return this._jobs.some(
      job => job.prefix === prefix && job.kind === 'check' && isActive(job)
    );
  }

  /** The newest job of a prefix that somebody asked for, when it failed and the user has not put it away. */
  failureOn(prefix: string): FailedJob | undefined {
    const newest = this._jobs.find(
      job => job.prefix === prefix && !job.automatic
    );
    return newest && this._isFailure(newest) ? newest : undefined;
  }

  /** The job that builds a local channel, or the newest one when it failed and the user has not put it away. */
  get channelJob(): Job | undefined {
    const newest = this._jobs.find(job => job.kind === 'build-channel');
    return newest && (isActive(newest) || this._isFailure(newest))
      ? newest
      : undefined;
  }

  /** The newest check of a prefix that came to an end. */
  checkOf(prefix: string): Job | undefined {
    return this._jobs.find(
      job =>
        job.prefix === prefix && job.kind === 'check' && job.result !== null
    );
  }

  /** Prefixes of environments that some job works on, or failed to. */
  get prefixes(): ReadonlySet<string> {
    const jobs = this._jobs.filter(job => job.kind !== 'build-channel');
    return new Set(jobs.map(job => job.prefix));
  }

  /** Put a failed job away. */
  async dismiss(id: string): Promise<void> {
    this._dismissed.add(id);
    this.stateChanged.emit();
    // Only those that the server still knows need remembering.
    const known = this._jobs.map(job => job.id);
    await this._store?.save(known.filter(item => this._dismissed.has(item)));
  }

  /** Apply a plan. */
  async start(plan: string): Promise<Job> {
    const job = await this.client.create(plan);
    this.update(job);
    return job;
  }

  /** Ask a job to end. One that ended meanwhile is no failure. */
  async cancel(id: string): Promise<void> {
    try {
      this.update(await this.client.cancel(id));
    } catch (error) {
      if (toFailure(error).reason !== 'not-running') {
        throw error;
      }
      await this.refresh();
    }
  }

  /** Read all jobs again; resolves when the answer is there. A failure is kept in `error`. */
  async refresh(): Promise<void> {
    this._pending ??= this._fetch();
    await this._pending;
  }

  /** Take a job as the server now describes it. */
  update(job: Job): void {
    const old = this.get(job.id);
    if (old && !isNewer(job, old)) {
      return;
    }
    this._jobs = old
      ? this._jobs.map(item => (item === old ? job : item))
      : [job, ...this._jobs];
    this._changed(job, old);
    this._setFrequency();
    this.stateChanged.emit();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      super.dispose();
    }
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id === JOB_EVENT) {
      this.update(emission as unknown as Job);
    }
  }

  private async _tick(): Promise<void> {
    await this.refresh();
    if (this._error) {
      throw this._error;
    }
  }

  private async _fetch(): Promise<void> {
    const before = new Set(this._jobs.map(job => job.id));
    try {
      const answer = await this.client.list();
      const old = new Map(this._jobs.map(job => [job.id, job]));
      const ids = new Set(answer.map(job => job.id));
      // A job that came up while the answer was on its way may be missing in it.
      const late = this._jobs.filter(
        job => !before.has(job.id) && !ids.has(job.id)
      );
      const fresh = answer.map(job => {
        const known = old.get(job.id);
        return known && !isNewer(job, known) ? known : job;
      });
      this._jobs = [...late, ...fresh];
      this._error = null;
      for (const job of fresh) {
        if (job !== old.get(job.id)) {
          this._changed(job, old.get(job.id));
        }
      }
      this._setFrequency();
    } catch (error) {
      this._error = toFailure(error);
    } finally {
      this._pending = null;
      this.stateChanged.emit();
    }
  }

  private _changed(job: Job, old: Job | undefined): void {
    this._jobChanged.emit(job);
    if (old && job.leftovers.length > old.leftovers.length) {
      this._leftoversFound.emit(job);
    }
    if (old && isActive(old) && !isActive(job)) {
      this._jobFinished.emit(job);
    }
  }

  private _setFrequency(): void {
    const interval = this._jobs.some(isActive)
      ? ACTIVE_INTERVAL
      : IDLE_INTERVAL;
    if (interval !== this._poll.frequency.interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
      // The tick that is already scheduled would still wait as long as before.
      void this._poll.schedule({ interval });
    }
  }

  private _isFailure(job: Job): job is FailedJob {
    return (
      hasFailed(job) &&
      !this._dismissed.has(job.id) &&
      Date.now() - Date.parse(job.finished) < FORGET_AFTER
    );
  }

  private async _loadDismissed(): Promise<void> {
    const ids = (await this._store?.load()) ?? [];
    ids.forEach(id => this._dismissed.add(id));
    this.stateChanged.emit();
  }

  private readonly _dismissed = new Set<string>();
  private _error: RequestError | null = null;
  private readonly _jobChanged = new Signal<this, Job>(this);
  private readonly _leftoversFound = new Signal<this, Job>(this);
  private readonly _jobFinished = new Signal<this, Job>(this);
  private _jobs: readonly Job[] = [];
  private _pending: Promise<void> | null = null;
  private readonly _poll: Poll;
  private readonly _store: IDismissedStore | null;
}

export namespace JobsModel {
  export interface IOptions {
    readonly client: JobsClient;
    /** The server's events; null where there are none. */
    readonly stream: Event.Stream | null;
    readonly store: IDismissedStore | null;
  }
}

const ORDER: Record<Job['state'], number> = {
  queued: 0,
  running: 1,
  succeeded: 2,
  failed: 2,
  cancelled: 2,
  interrupted: 2
};

/** An answer may be older than an event that overtook it: a job never goes back. */
function isNewer(job: Job, known: Job): boolean {
  return (
    ORDER[job.state] > ORDER[known.state] ||
    (ORDER[job.state] === ORDER[known.state] &&
      (isActive(job)
        ? job.progress.fraction >= known.progress.fraction
        : job.leftovers.length > known.leftovers.length))
  );
}

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
import { translated } from '../../api/translation';
import { canUndo, isActive, isNewer } from './job';

/** Schema id of the events that carry a job. */
export const JOB_EVENT = 'https://schema.jupyter.org/tfenv_lab/job/v1';

/** Milliseconds between two polls. Events are faster, but are lost while the websocket is down. */
const ACTIVE_INTERVAL = 2000;
const IDLE_INTERVAL = 60 * 1000;

/** Milliseconds after which a failure is no longer shown. */
const FORGET_AFTER = 7 * 24 * 60 * 60 * 1000;

/** Storage for the ids of failed jobs that the user dismissed. */
export interface IDismissedStore {
  load(): Promise<readonly string[]>;
  save(ids: readonly string[]): Promise<void>;
}

/**
 * Model of the server's jobs. Events update it at once; polling corrects it when events were lost. While no job is active
 * and the panel is hidden, events are enough.
 */
export class JobsModel extends VDomModel {
  constructor(options: JobsModel.IOptions) {
    super();
    this.client = options.client;
    this._store = options.store;
    this._poll = new Poll({
      name: 'tfenv-lab:jobs',
      factory: () => this._tick(),
      frequency: { interval: IDLE_INTERVAL, backoff: true, max: 120 * 1000 },
      standby: () => (this._mustPoll ? 'when-hidden' : true)
    });
    this._hasEvents = !!options.stream;
    options.stream?.connect(this._onEvent, this);
    void this._loadDismissed();
  }

  readonly client: JobsClient;

  /** Whether the panel is visible. */
  set watched(watched: boolean) {
    if (watched && !this._watched) {
      void this.refresh();
    }
    this._watched = watched;
  }

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

  /** Emitted once for each job that was active and is now finished. */
  get jobFinished(): ISignal<this, Job> {
    return this._jobFinished;
  }

  /** Emitted for a job that could not delete some files. This can be known after the job is finished. */
  get leftoversFound(): ISignal<this, Job> {
    return this._leftoversFound;
  }

  get(id: string | null): Job | undefined {
    return this._jobs.find(job => job.id === id);
  }

  /**
   * Find the active job of a prefix: the running one, or the first in the queue. Automatic checks do not count.
   *
   * A job that succeeded counts until `settle`, because the known environments are still those before the job.
   */
  activeOn(prefix: string): Job | undefined {
    const active = this._jobs.filter(
      job =>
        job.prefix === prefix &&
        !job.automatic &&
        (isActive(job) || this._unsettled.has(job.id))
    );
    return active.find(job => job.state === 'running') ?? active.pop();
  }

  /** Let a finished job no longer count as active: its environment was loaded after the job. */
  settle(id: string): void {
    if (this._unsettled.delete(id)) {
      this.stateChanged.emit();
    }
  }

  /** Whether a check of a prefix on this machine is active, automatic or not. */
  isChecking(prefix: string): boolean {
    return this._jobs.some(
      job =>
        job.prefix === prefix &&
        job.kind === 'check' &&
        job.cluster === null &&
        isActive(job)
    );
  }

  /** Return the newest job of a prefix, without automatic ones, if it failed and was not dismissed. */
  failureOn(prefix: string): FailedJob | undefined {
    const newest = this._jobs.find(
      job => job.prefix === prefix && !job.automatic
    );
    return newest && this._isFailure(newest) ? newest : undefined;
  }

  /** The active job that builds a local channel, or the newest one if it failed and was not dismissed. */
  get channelJob(): Job | undefined {
    return this._ofKind('build-channel');
  }

  /** The active job that frees space, or the newest one if it failed and was not dismissed. */
  get cleanJob(): Job | undefined {
    return this._ofKind('clean');
  }

  /** The newest deletion that can be undone. */
  get undoable(): Job | undefined {
    return this._jobs.find(job => canUndo(job));
  }

  private _ofKind(kind: Job['kind']): Job | undefined {
    const newest = this._jobs.find(job => job.kind === kind && !job.automatic);
    return newest && (isActive(newest) || this._isFailure(newest))
      ? newest
      : undefined;
  }

  /** Find the newest rollout or check of a prefix on a cluster, active or not. */
  onCluster(prefix: string, cluster: string): Job | undefined {
    return this._jobs.find(
      job =>
        job.prefix === prefix &&
        (job.cluster === cluster ||
          (job.request?.kind === 'rollout' && job.request.cluster === cluster))
    );
  }

  /** Find the newest check of a prefix that has a result. */
  checkOf(prefix: string): Job | undefined {
    return this._jobs.find(
      job =>
        job.prefix === prefix && job.kind === 'check' && job.result !== null
    );
  }

  /** Prefixes of the environments that have jobs. */
  get prefixes(): ReadonlySet<string> {
    const jobs = this._jobs.filter(
      job => job.kind !== 'build-channel' && job.kind !== 'clean'
    );
    return new Set(jobs.map(job => job.prefix));
  }

  /** Dismiss a failed job. */
  async dismiss(id: string): Promise<void> {
    this._dismissed.add(id);
    this.stateChanged.emit();
    // Ids of jobs that the server has forgotten would pile up.
    const known = this._jobs.map(job => job.id);
    await this._store?.save(known.filter(item => this._dismissed.has(item)));
  }

  /** Start the job that applies a plan. */
  async start(plan: string): Promise<Job> {
    const job = await this.client.create(plan);
    this.update(job);
    return job;
  }

  /** Cancel a job. If it finished in the meantime, that is not an error. */
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

  /** Load all jobs, and resolve when they are loaded. A failure is kept in `error`. */
  async refresh(): Promise<void> {
    this._pending ??= this._fetch();
    await this._pending;
  }

  /** Replace a job by what the server sent, unless that is older. */
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
      this.update(translated(emission as unknown as Job));
    }
  }

  private get _mustPoll(): boolean {
    return (
      this._watched ||
      !this._hasEvents ||
      !this._isLoaded ||
      this._error !== null ||
      this._jobs.some(isActive)
    );
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
      // A job that started after the request may be missing in the response.
      const late = this._jobs.filter(
        job => !before.has(job.id) && !ids.has(job.id)
      );
      const fresh = answer.map(job => {
        const known = old.get(job.id);
        return known && !isNewer(job, known) ? known : job;
      });
      this._jobs = [...late, ...fresh];
      this._isLoaded = true;
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
      if (job.state === 'succeeded') {
        this._unsettled.add(job.id);
      }
      this._jobFinished.emit(job);
    }
  }

  private _setFrequency(): void {
    const interval = this._jobs.some(isActive)
      ? ACTIVE_INTERVAL
      : IDLE_INTERVAL;
    if (interval !== this._poll.frequency.interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
      // The tick that is already scheduled would wait for the old interval.
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
  private readonly _hasEvents: boolean;
  private _isLoaded = false;
  private readonly _poll: Poll;
  private readonly _store: IDismissedStore | null;
  /** Ids of jobs that succeeded, and whose environments were not loaded since then. */
  private readonly _unsettled = new Set<string>();
  private _watched = false;
}

export namespace JobsModel {
  export interface IOptions {
    readonly client: JobsClient;
    /** The server's events; null if there are none. */
    readonly stream: Event.Stream | null;
    readonly store: IDismissedStore | null;
  }
}

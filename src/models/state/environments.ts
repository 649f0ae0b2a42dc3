import type { Event } from '@jupyterlab/services';
import { VDomModel } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';

import type { EnvironmentsClient } from '../../api/environments';
import type { Environment } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** The event that the environments changed, for example in a terminal. */
export const ENVIRONMENTS_EVENT =
  'https://schema.jupyter.org/tfenv_lab/environments/v1';

/**
 * Milliseconds between two requests of an open panel. As long as it asks, the server looks for changes every few
 * seconds, and emits an event. Events are lost while the websocket is down.
 */
const INTERVAL = 30 * 1000;

/**
 * Model of the environments. It polls the server, and follows its events, only while the list is visible.
 */
export class EnvironmentsModel extends VDomModel {
  /** `stream` has the server's events; null if there are none. */
  constructor(
    readonly client: EnvironmentsClient,
    stream: Event.Stream | null = null
  ) {
    super();
    stream?.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'tfenv-lab:environments',
      factory: () => this._tick(),
      frequency: { interval: INTERVAL, backoff: true, max: 60 * 1000 },
      standby: () => (this._watched ? 'when-hidden' : true)
    });
  }

  /** Null until the server responds. */
  get environments(): readonly Environment[] | null {
    return this._environments;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** Names of all environments. */
  get names(): ReadonlySet<string> {
    return new Set(this._environments?.map(item => item.name));
  }

  /** Name of the current notebook's kernel; null if there is none. */
  get currentKernel(): string | null {
    return this._currentKernel;
  }
  set currentKernel(name: string | null) {
    this.setCurrent(name);
  }

  /** Set the kernel of the current notebook: the name of its kernelspec, and the id of the running kernel. */
  setCurrent(name: string | null, id: string | null = null): void {
    if (name !== this._currentKernel || id !== this._currentId) {
      this._currentKernel = name;
      this._currentId = id;
      this.stateChanged.emit();
    }
  }

  /** Whether the kernel of the current notebook must restart to use the packages of its environment. */
  get mustRestart(): boolean {
    const outdated = this.current?.outdated_kernels ?? [];
    return this._currentId !== null && outdated.includes(this._currentId);
  }

  /** The environment of the current notebook; undefined if its kernel belongs to none. */
  get current(): Environment | undefined {
    return this.byKernel(this._currentKernel);
  }

  /** Whether the list is visible. */
  get watched(): boolean {
    return this._watched;
  }
  set watched(watched: boolean) {
    if (watched && !this._watched) {
      this._watched = true;
      void this.refresh();
    }
    this._watched = watched;
  }

  get(id: string | null): Environment | undefined {
    return this._environments?.find(item => item.id === id);
  }

  byPrefix(prefix: string): Environment | undefined {
    return this._environments?.find(item => item.prefix === prefix);
  }

  /** Find the environment of a kernel, given by its name. */
  byKernel(name: string | null): Environment | undefined {
    return name === null
      ? undefined
      : this._environments?.find(item => item.kernel?.name === name);
  }

  isCurrent(environment: Environment): boolean {
    return (
      this._currentKernel !== null &&
      environment.kernel?.name === this._currentKernel
    );
  }

  /**
   * Load the environments now, and resolve when they are loaded. A failure is kept in `error`.
   *
   * A response that is already under way may be older than what the caller knows, so another request follows it.
   */
  async refresh(): Promise<void> {
    this._next ??= this._last.then(() => {
      this._next = null;
      return (this._last = this._fetch());
    });
    await this._next;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      super.dispose();
    }
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id === ENVIRONMENTS_EVENT && this._watched) {
      void this.refresh();
    }
  }

  private async _tick(): Promise<void> {
    await this.refresh();
    if (this._error) {
      // An error makes the poll back off.
      throw this._error;
    }
  }

  private async _fetch(): Promise<void> {
    try {
      const environments = await this.client.list();
      const text = JSON.stringify(environments);
      if (text !== this._text || this._error) {
        this._text = text;
        this._environments = environments;
        this._error = null;
        this.stateChanged.emit();
      }
    } catch (error) {
      this._error = toFailure(error);
      this.stateChanged.emit();
    }
  }

  private _currentId: string | null = null;
  private _currentKernel: string | null = null;
  private _environments: readonly Environment[] | null = null;
  private _error: RequestError | null = null;
  /** The last request. */
  private _last: Promise<void> = Promise.resolve();
  /** The request that waits for it. */
  private _next: Promise<void> | null = null;
  private readonly _poll: Poll;
  private _text = '';
  private _watched = false;
}

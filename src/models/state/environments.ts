import { VDomModel } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';

import type { EnvironmentsClient } from '../../api/environments';
import type { Environment } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** Milliseconds after which a change made in a terminal shows in an open panel. */
const INTERVAL = 4000;

/**
 * Every environment, kept fresh while somebody looks at it and asked for nothing while nobody does.
 */
export class EnvironmentsModel extends VDomModel {
  constructor(readonly client: EnvironmentsClient) {
    super();
    this._poll = new Poll({
      name: 'tfenv-lab:environments',
      factory: () => this._tick(),
      frequency: { interval: INTERVAL, backoff: true, max: 60 * 1000 },
      standby: () => (this._watched ? 'when-hidden' : true)
    });
  }

  /** Null until the first answer. */
  get environments(): readonly Environment[] | null {
    return this._environments;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** The names that are taken. */
  get names(): ReadonlySet<string> {
    return new Set(this._environments?.map(item => item.name));
  }

  /** Name of the kernel of the notebook in front, null where there is none. */
  get currentKernel(): string | null {
    return this._currentKernel;
  }
  set currentKernel(name: string | null) {
    if (name !== this._currentKernel) {
      this._currentKernel = name;
      this.stateChanged.emit();
    }
  }

  /** The environment of the notebook in front; undefined while none is known for its kernel. */
  get current(): Environment | undefined {
    return this.byKernel(this._currentKernel);
  }

  /** Whether the list is on screen. */
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

  /** The environment that a kernel, by its name, runs. */
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
   * Ask now, watched or not; resolves when the answer is there. A failure is kept in `error`.
   *
   * An answer that is already on its way may be from before what the caller knows: another is then asked for after it.
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

  private async _tick(): Promise<void> {
    await this.refresh();
    if (this._error) {
      // The poll backs off.
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

  private _currentKernel: string | null = null;
  private _environments: readonly Environment[] | null = null;
  private _error: RequestError | null = null;
  /** The question that was asked last. */
  private _last: Promise<void> = Promise.resolve();
  /** The question that comes after it. */
  private _next: Promise<void> | null = null;
  private readonly _poll: Poll;
  private _text = '';
  private _watched = false;
}

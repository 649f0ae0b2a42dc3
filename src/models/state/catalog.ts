import { VDomModel } from '@jupyterlab/ui-components';

import type { CatalogClient } from '../../api/catalog';
import type { AvailablePackage, Catalog } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** After this many milliseconds an open form asks the channels again. */
const STALE_AFTER = 10 * 60 * 1000;

/**
 * The TensorFlow releases on the channels, asked for when they are first needed.
 */
export class CatalogModel extends VDomModel {
  constructor(private readonly _client: CatalogClient) {
    super();
  }

  /** Null until the first answer. */
  get catalog(): Catalog | null {
    return this._catalog;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._pending !== null;
  }

  /** Ask unless a recent answer is there. */
  async load(): Promise<void> {
    if (this._error || Date.now() - this._loadedAt > STALE_AFTER) {
      await this.refresh();
    }
  }

  async refresh(): Promise<void> {
    this._pending ??= this._fetch();
    this.stateChanged.emit();
    await this._pending;
  }

  /** Ask other channels than before: what those had counts no longer. */
  async renew(): Promise<void> {
    await this._pending;
    this._catalog = null;
    await this.refresh();
  }

  /** Packages on the channels whose name resembles the query; none where the server cannot search. */
  async search(query: string): Promise<readonly AvailablePackage[]> {
    try {
      return await this._client.search(query);
    } catch {
      return [];
    }
  }

  private async _fetch(): Promise<void> {
    try {
      this._catalog = await this._client.get();
      this._error = null;
      this._loadedAt = Date.now();
    } catch (error) {
      this._error = toFailure(error);
    } finally {
      this._pending = null;
      this.stateChanged.emit();
    }
  }

  private _catalog: Catalog | null = null;
  private _error: RequestError | null = null;
  private _loadedAt = -Infinity;
  private _pending: Promise<void> | null = null;
}

import { VDomModel } from '@jupyterlab/ui-components';

import type { CatalogClient } from '../../api/catalog';
import type { AvailablePackage, Catalog } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** Milliseconds after which the form loads the catalog again. */
const STALE_AFTER = 10 * 60 * 1000;

/**
 * Model of the TensorFlow releases on the channels, loaded when first needed.
 */
export class CatalogModel extends VDomModel {
  constructor(private readonly _client: CatalogClient) {
    super();
  }

  /** Null until the server responds. */
  get catalog(): Catalog | null {
    return this._catalog;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._pending !== null;
  }

  /** Load the catalog, unless it was loaded recently. */
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

  /** Read these channels from now on; null stands for the configured ones. */
  async use(channels: readonly string[] | null): Promise<void> {
    if (channels?.join() !== this._channels?.join()) {
      this._channels = channels;
      if (this._catalog || this._error || this._pending) {
        await this.refresh();
      }
    }
  }

  /** Drop the catalog and load it again, after a change of the channels. */
  async renew(): Promise<void> {
    await this._pending;
    this._catalog = null;
    await this.refresh();
  }

  /**
   * Find packages whose name resembles the query, on some channels or on the configured ones. The function is bound, so
   * that screens can pass it.
   *
   * @throws RequestError if the search fails.
   */
  readonly search = (
    query: string,
    channels: readonly string[] = []
  ): Promise<readonly AvailablePackage[]> =>
    this._client.search(query, channels);

  /**
   * Find the specs that request what the arguments of `pip install` name.
   *
   * @throws RequestError if the server does not answer.
   */
  condaSpecs(pipArguments: readonly string[]): Promise<readonly string[]> {
    return this._client.condaSpecs(pipArguments);
  }

  /**
   * Find the spec that requests the package of a Python module; null if no source has it.
   *
   * @throws RequestError if the search fails.
   */
  moduleSpec(module: string): Promise<string | null> {
    return this._client.moduleSpec(module);
  }

  private async _fetch(): Promise<void> {
    let channels: readonly string[] | null;
    do {
      channels = this._channels;
      try {
        this._catalog = await this._client.get(channels ?? []);
        this._error = null;
        this._loadedAt = Date.now();
      } catch (error) {
        this._error = toFailure(error);
      }
      // The user may have chosen other channels meanwhile.
    } while (channels !== this._channels);
    this._pending = null;
    this.stateChanged.emit();
  }

  private _catalog: Catalog | null = null;
  private _channels: readonly string[] | null = null;
  private _error: RequestError | null = null;
  private _loadedAt = -Infinity;
  private _pending: Promise<void> | null = null;
}

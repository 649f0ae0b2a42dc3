import type { ServerConnection } from '@jupyterlab/services';

import type { AvailablePackage, Catalog } from './generated';
import { request } from './request';

/**
 * What the channels have: TensorFlow releases, and packages by name.
 */
export class CatalogClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** The releases, pre-releases included: the form hides them. */
  get(): Promise<Catalog> {
    return request('tensorflow?prereleases=1', {}, this._settings);
  }

  async search(query: string): Promise<readonly AvailablePackage[]> {
    const answer = await request<{ packages: readonly AvailablePackage[] }>(
      `packages?query=${encodeURIComponent(query)}`,
      {},
      this._settings
    );
    return answer.packages;
  }
}

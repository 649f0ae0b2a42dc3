import type { ServerConnection } from '@jupyterlab/services';

import type { AvailablePackage, Catalog } from './generated';
import { request } from './request';

/**
 * Client for the TensorFlow releases and the packages on the channels.
 */
export class CatalogClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Fetch the catalog of some channels, or of the configured ones. It includes prereleases, which the form can hide. */
  get(channels: readonly string[] = []): Promise<Catalog> {
    const query = new URLSearchParams([
      ['prereleases', '1'],
      ...channels.map(url => ['channel', url])
    ]);
    return request(`tensorflow?${query}`, {}, this._settings);
  }

  /** Search packages by name on some channels, or on the configured ones. */
  async search(
    query: string,
    channels: readonly string[] = []
  ): Promise<readonly AvailablePackage[]> {
    const parameters = new URLSearchParams([
      ['query', query],
      ...channels.map(url => ['channel', url])
    ]);
    const answer = await request<{ packages: readonly AvailablePackage[] }>(
      `packages?${parameters}`,
      {},
      this._settings
    );
    return answer.packages;
  }

  /** Find the specs that request what the arguments of `pip install` name. */
  condaSpecs(pipArguments: readonly string[]): Promise<readonly string[]> {
    return this._specs({ arguments: pipArguments });
  }

  /** Find the spec that requests the package of a Python module; null if no source has it. */
  async moduleSpec(module: string): Promise<string | null> {
    return (await this._specs({ module }))[0] ?? null;
  }

  private async _specs(content: object): Promise<readonly string[]> {
    const body = JSON.stringify(content);
    const answer = await request<{ specs: readonly string[] }>(
      'conda-specs',
      { method: 'POST', body },
      this._settings
    );
    return answer.specs;
  }
}

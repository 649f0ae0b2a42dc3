import type { ServerConnection } from '@jupyterlab/services';

import type { Cluster, ClusterNode } from './generated';
import { request } from './request';

/**
 * Client for the clusters that the server's configuration names.
 */
export class ClustersClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  async list(): Promise<readonly Cluster[]> {
    const found = await request<{ clusters: Cluster[] }>(
      'clusters',
      {},
      this._settings
    );
    return found.clusters;
  }

  /** List the workers of a cluster, by name. */
  async nodes(cluster: string): Promise<readonly ClusterNode[]> {
    const found = await request<{ nodes: ClusterNode[] }>(
      `clusters/${encodeURIComponent(cluster)}/nodes`,
      {},
      this._settings
    );
    return found.nodes;
  }
}

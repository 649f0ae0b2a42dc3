import type { ServerConnection } from '@jupyterlab/services';

import type { Cluster, ClusterNode, Job } from './generated';
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

  /** Check an environment on the workers of a cluster, and return the job that does it. */
  check(cluster: string, environment: string): Promise<Job> {
    return request(
      `clusters/${encodeURIComponent(cluster)}/checks`,
      { method: 'POST', body: JSON.stringify({ environment }) },
      this._settings
    );
  }
}

import { VDomModel } from '@jupyterlab/ui-components';

import type { ClustersClient } from '../../api/clusters';
import type { Cluster, ClusterNode } from '../../api/generated';
import type { Loaded } from './details';
import { settle } from './details';

/**
 * Model of the clusters that the server's configuration names, and of the workers of the chosen one.
 */
export class ClustersModel extends VDomModel {
  constructor(readonly client: ClustersClient) {
    super();
  }

  /** Empty until they are loaded, and if the server has none or does not allow the user to use them. */
  get clusters(): readonly Cluster[] {
    return this._clusters;
  }

  /** Id of the chosen cluster; empty if there is none. */
  get chosen(): string {
    return this._chosen;
  }

  /** The workers of the chosen cluster. */
  get nodes(): Loaded<readonly ClusterNode[]> {
    return this._nodes;
  }

  /** Load the clusters, once. */
  async load(): Promise<void> {
    if (this._isLoaded) {
      return;
    }
    this._isLoaded = true;
    const found = await settle(this.client.list());
    if (!found?.value) {
      // The list of clusters is only an offer, so the next screen asks again.
      this._isLoaded = false;
      return;
    }
    this._clusters = found.value;
    this._chosen = found.value[0]?.id ?? '';
    this.stateChanged.emit();
  }

  /** Choose a cluster, and load its workers. */
  async choose(cluster: string): Promise<void> {
    this._chosen = cluster;
    this._nodes = null;
    this._areLoading = false;
    this.stateChanged.emit();
    await this.refresh();
  }

  /** Load the workers of the chosen cluster, unless that goes on already. */
  async refresh(): Promise<void> {
    const cluster = this._chosen;
    if (cluster === '' || this._areLoading) {
      return;
    }
    this._areLoading = true;
    const nodes = await settle(this.client.nodes(cluster));
    if (this._chosen === cluster) {
      this._areLoading = false;
      this._nodes = nodes;
      this.stateChanged.emit();
    }
  }

  private _areLoading = false;
  private _chosen = '';
  private _clusters: readonly Cluster[] = [];
  private _isLoaded = false;
  private _nodes: Loaded<readonly ClusterNode[]> = null;
}

import type { ServerConnection } from '@jupyterlab/services';

import type { Disk } from './generated';
import { request } from './request';

/**
 * Client for what takes the space on the server's disks.
 */
export class DiskClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Measure the disks. The first time, the server reads every file for the answer. */
  get(): Promise<Disk> {
    return request('disk', {}, this._settings);
  }
}

import type { ServerConnection } from '@jupyterlab/services';

import type { Job, Status } from './generated';
import { request } from './request';

/**
 * Client for the server's status: its machine, configuration and channels.
 */
export class StatusClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  get(): Promise<Status> {
    return request('status', {}, this._settings);
  }

  /** Start the job that builds a local channel. The server then uses it instead of the configured channels. */
  buildLocalChannel(): Promise<Job> {
    return request('local-channel', { method: 'POST' }, this._settings);
  }

  /** Switch back to the configured channels. */
  leaveLocalChannel(): Promise<Status> {
    return request('local-channel', { method: 'DELETE' }, this._settings);
  }
}

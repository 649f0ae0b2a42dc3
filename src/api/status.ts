import type { ServerConnection } from '@jupyterlab/services';

import type { Job, Status } from './generated';
import { request } from './request';

/**
 * What the server and its machine are, and which channels it uses.
 */
export class StatusClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  get(): Promise<Status> {
    return request('status', {}, this._settings);
  }

  /** Build a channel from PyPI, which is then used instead of the configured ones. */
  buildLocalChannel(): Promise<Job> {
    return request('local-channel', { method: 'POST' }, this._settings);
  }

  /** Use the configured channels again. */
  leaveLocalChannel(): Promise<Status> {
    return request('local-channel', { method: 'DELETE' }, this._settings);
  }
}

import type { ServerConnection } from '@jupyterlab/services';

import { request } from '../request';
import type { Status } from './generated';

/**
 * What the server and its machine are.
 */
export class StatusClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  get(): Promise<Status> {
    return request('status', {}, this._settings);
  }
}

import type { ServerConnection } from '@jupyterlab/services';

import type { Plan, PlanRequest } from './generated';
import { request } from './request';

/**
 * Client for plans, which show what a request would change.
 */
export class PlansClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  create(body: PlanRequest): Promise<Plan> {
    const init = { method: 'POST', body: JSON.stringify(body) };
    return request('plans', init, this._settings);
  }
}

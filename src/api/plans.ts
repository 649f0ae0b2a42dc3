import type { ServerConnection } from '@jupyterlab/services';

import type { Plan, PlanRequest, RecognizedFile } from './generated';
import { request } from './request';

/**
 * Client for plans, which show what a request would change, and for the files that they can be made from.
 */
export class PlansClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  create(body: PlanRequest): Promise<Plan> {
    const init = { method: 'POST', body: JSON.stringify(body) };
    return request('plans', init, this._settings);
  }

  /** Recognize the text of a file that describes an environment. */
  recognize(content: string, name: string | null): Promise<RecognizedFile> {
    const init = { method: 'POST', body: JSON.stringify({ content, name }) };
    return request('files', init, this._settings);
  }
}

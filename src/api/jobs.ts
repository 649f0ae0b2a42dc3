import type { ServerConnection } from '@jupyterlab/services';

import type { Error as ErrorBody, Job } from './generated';
import { request, requestText } from './request';

/** A job that failed or was interrupted. The contract promises that both fields are set. */
export type FailedJob = Job & {
  readonly finished: string;
  readonly error: ErrorBody;
};

/** Whether a job ended with an error. */
export function hasFailed(job: Job): job is FailedJob {
  return job.state === 'failed' || job.state === 'interrupted';
}

/**
 * Client for jobs, which apply plans.
 */
export class JobsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  async list(): Promise<readonly Job[]> {
    const answer = await request<{ jobs: readonly Job[] }>(
      'jobs',
      {},
      this._settings
    );
    return answer.jobs;
  }

  /** Start the job that applies a plan, given by its id. */
  create(plan: string): Promise<Job> {
    const init = { method: 'POST', body: JSON.stringify({ plan }) };
    return request('jobs', init, this._settings);
  }

  cancel(id: string): Promise<Job> {
    return request(this._path(id), { method: 'DELETE' }, this._settings);
  }

  /** Start the job that restores the environment which a job deleted, under its own name or another one. */
  undo(id: string, name: string | null = null): Promise<Job> {
    const path = `${this._path(id)}/undo`;
    const init = { method: 'POST', body: JSON.stringify({ name }) };
    return request(path, init, this._settings);
  }

  /** Delete now what a deletion set aside, and return the deletion. */
  finishDeletion(id: string): Promise<Job> {
    const path = `${this._path(id)}/undo`;
    return request(path, { method: 'DELETE' }, this._settings);
  }

  log(id: string): Promise<string> {
    return requestText(`${this._path(id)}/log`, {}, this._settings);
  }

  private _path(id: string): string {
    return `jobs/${encodeURIComponent(id)}`;
  }
}

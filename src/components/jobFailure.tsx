import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Job } from '../api/generated';
import { CommandIDs } from '../commandids';
import type { IFailure } from '../request';
import type { Execute } from './environmentRow';
import { Failure } from './failure';

export interface IJobFailureProps {
  readonly job: Job;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** Why the last job on an environment failed, until the user puts it away. */
export function JobFailure(props: IJobFailureProps): JSX.Element {
  const { job, trans, execute } = props;
  return (
    <Failure failure={failureOf(job, trans)} trans={trans}>
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => execute(CommandIDs.showJob, { job: job.id })}
      >
        {trans.__('Log')}
      </button>
      {job.request && (
        <button
          type="button"
          className="jp-TfenvLink"
          onClick={() => execute(CommandIDs.retryJob, { job: job.id })}
        >
          {trans.__('Retry')}
        </button>
      )}
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => execute(CommandIDs.dismissJob, { job: job.id })}
      >
        {trans.__('Dismiss')}
      </button>
    </Failure>
  );
}

/** The failure of a job, in words where the server has none. */
export function failureOf(job: Job, trans: TranslationBundle): IFailure {
  return (
    job.error ?? {
      reason: 'failed',
      message:
        job.state === 'interrupted'
          ? trans.__(
              'The server ended while this was running; nothing was changed.'
            )
          : trans.__('It failed; the log may say why.'),
      details: null
    }
  );
}

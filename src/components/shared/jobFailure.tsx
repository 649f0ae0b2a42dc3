import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { FailedJob } from '../../api/jobs';
import { CommandIDs } from '../../commandids';
import type { Execute } from './execute';
import { Failure } from './failure';

interface IJobFailureProps {
  readonly job: FailedJob;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** The error of a failed job, until the user dismisses it. */
export function JobFailure(props: IJobFailureProps): JSX.Element {
  const { job, trans, execute } = props;
  return (
    <Failure failure={job.error} trans={trans}>
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => execute(CommandIDs.showJob, { job: job.id })}
      >
        {trans.__('Show Log')}
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

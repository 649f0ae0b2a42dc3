import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Job, Status } from '../../api/generated';
import { hasFailed } from '../../api/jobs';
import { CommandIDs } from '../../commandids';
import { isActive } from '../../models/state/jobs';
import type { Execute } from '../shared/execute';
import { JobFailure } from '../shared/jobFailure';
import { JobProgress } from '../shared/jobProgress';

export interface ILocalChannelProps {
  readonly localChannel: Status['local_channel'];
  /** The job that builds it, or could not. */
  readonly job: Job | null;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** What helps where the channels cannot be reached: one that is built here, or why that is not possible. */
export function LocalChannelOffer(props: ILocalChannelProps): JSX.Element {
  const { localChannel, trans } = props;
  if (!localChannel.available) {
    return <p className="jp-TfenvHint">{localChannel.reason}</p>;
  }
  return props.job && isActive(props.job) ? (
    <p className="jp-TfenvHint">
      {trans.__(
        'A local channel is being built. It is used as soon as it is ready.'
      )}
    </p>
  ) : (
    <>
      <p className="jp-TfenvHint">
        {trans.__(
          'If the server reaches PyPI, a channel can be made of its wheels, in about two minutes.'
        )}
      </p>
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => props.execute(CommandIDs.buildLocalChannel)}
      >
        {trans.__('Build a local channel from PyPI…')}
      </button>
    </>
  );
}

/** The way back from a local channel. */
export function LeaveLocalChannel(props: ILocalChannelProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-TfenvLink"
      onClick={() => props.execute(CommandIDs.leaveLocalChannel)}
    >
      {props.trans.__('Use the configured channels again')}
    </button>
  );
}

/** How the building of a local channel goes, or why it failed. */
export function LocalChannelJob(props: ILocalChannelProps): JSX.Element | null {
  const { job, trans, execute } = props;
  if (!job) {
    return null;
  }
  return hasFailed(job) ? (
    <JobFailure job={job} trans={trans} execute={execute} />
  ) : (
    <>
      <p>{trans.__('Building a local channel')}</p>
      <JobProgress
        job={job}
        trans={trans}
        onCancel={() => execute(CommandIDs.cancelJob, { job: job.id })}
      />
    </>
  );
}

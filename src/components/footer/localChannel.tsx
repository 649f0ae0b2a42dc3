import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Job, Status } from '../../api/generated';
import { hasFailed } from '../../api/jobs';
import { CommandIDs } from '../../commandids';
import { isActive } from '../../models/state/job';
import type { Execute } from '../shared/execute';
import { JobFailure } from '../shared/jobFailure';
import { JobProgress } from '../shared/jobProgress';

interface ILocalChannelProps {
  readonly localChannel: Status['local_channel'];
  /** The job that builds it, or failed to. */
  readonly job: Job | null;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** The offer to build a local channel, or why the server cannot build one. */
export function LocalChannelOffer(props: ILocalChannelProps): JSX.Element {
  const { localChannel, trans } = props;
  if (!localChannel.available) {
    return <p className="jp-TfenvHint">{localChannel.reason}</p>;
  }
  return props.job && isActive(props.job) ? (
    <p className="jp-TfenvHint">
      {trans.__(
        'The server is building a local channel. The channel is used as soon as it is ready.'
      )}
    </p>
  ) : (
    <>
      <p className="jp-TfenvHint">
        {trans.__(
          'The server can build a local channel with the Python of this machine in a few seconds. TensorFlow and other packages then come from the package index (PyPI).'
        )}
      </p>
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => props.execute(CommandIDs.buildLocalChannel)}
      >
        {trans.__('Build Local Channel…')}
      </button>
    </>
  );
}

/** The button that switches back to the configured channels. */
export function LeaveLocalChannel(props: ILocalChannelProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-TfenvLink"
      onClick={() => props.execute(CommandIDs.leaveLocalChannel)}
    >
      {props.trans.__('Use Configured Channels')}
    </button>
  );
}

/** The progress of the job that builds a local channel, or its error. */
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

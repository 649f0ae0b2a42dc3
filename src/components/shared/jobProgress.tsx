import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { Job } from '../../api/generated';
import { canCancel } from '../../models/state/job';
import { describeProgress } from '../../models/texts/units';
import { IconButton } from './iconButton';

interface IJobProgressProps {
  readonly job: Job;
  readonly trans: TranslationBundle;
  readonly onCancel: () => void;
}

/** Progress of a job: bar, phase, numbers and Cancel. The notification of the job announces each phase once. */
export function JobProgress(props: IJobProgressProps): JSX.Element {
  const { job, trans } = props;
  const text = describeProgress(job, trans);
  const isWaiting = job.state === 'queued' || job.progress.fraction === 0;
  return (
    <div className="jp-TfenvProgress">
      <progress
        aria-label={trans.__('Progress of %1', job.name)}
        aria-valuetext={text}
        max={1}
        value={isWaiting ? undefined : job.progress.fraction}
      />
      <span className="jp-TfenvProgress-text">{text}</span>
      {canCancel(job) && (
        <IconButton
          icon={closeIcon}
          label={trans.__('Cancel')}
          onClick={props.onCancel}
        />
      )}
    </div>
  );
}

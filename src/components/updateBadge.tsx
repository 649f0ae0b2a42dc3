import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../api/generated';
import { CommandIDs } from '../commandids';
import { seriesOf } from '../models/versions';
import type { Execute } from './environmentRow';

export interface IUpdateBadgeProps {
  readonly environment: Environment;
  /** The TensorFlow that it can be updated to. */
  readonly version: string;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** "↑ 2.20": the update that there is, in full within a series. */
export function UpdateBadge(props: IUpdateBadgeProps): JSX.Element {
  const { environment, version, trans } = props;
  const series = seriesOf(version);
  const isWithin = seriesOf(environment.tensorflow?.version ?? '') === series;
  return (
    <button
      type="button"
      className="jp-TfenvBadge"
      title={
        environment.protected_reason ??
        trans.__('Update TensorFlow to %1', version)
      }
      aria-label={trans.__(
        'Update %1 to TensorFlow %2',
        environment.name,
        version
      )}
      disabled={environment.protected || !environment.writable}
      onClick={() =>
        props.execute(CommandIDs.updateEnvironment, {
          environment: environment.id
        })
      }
    >
      {`↑ ${isWithin ? version : series}`}
    </button>
  );
}

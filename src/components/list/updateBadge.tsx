import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { minorVersionOf } from '../../models/texts/versions';
import type { Execute } from '../shared/execute';

interface IUpdateBadgeProps {
  readonly environment: Environment;
  readonly package: 'tensorflow' | 'keras';
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** "↑ 2.20": the available update, with its patch number if the minor version stays; nothing if there is none. */
export function UpdateBadge(props: IUpdateBadgeProps): JSX.Element | null {
  const { environment, trans } = props;
  const version = environment.update[props.package];
  if (version === null) {
    return null;
  }
  const installed = environment[props.package]?.version ?? '';
  const isWithin = minorVersionOf(installed) === minorVersionOf(version);
  const isTensorFlow = props.package === 'tensorflow';
  return (
    <button
      type="button"
      className="jp-TfenvBadge"
      title={
        environment.protected_reason ??
        (isTensorFlow
          ? trans.__('Update TensorFlow to %1', version)
          : trans.__('Update Keras to %1', version))
      }
      aria-label={
        isTensorFlow
          ? trans.__('Update %1 to TensorFlow %2', environment.name, version)
          : trans.__('Update %1 to Keras %2', environment.name, version)
      }
      disabled={environment.protected || !environment.writable}
      onClick={() =>
        props.execute(CommandIDs.updateEnvironment, {
          environment: environment.id,
          packages: [props.package]
        })
      }
    >
      {`↑ ${isWithin ? version : minorVersionOf(version)}`}
    </button>
  );
}

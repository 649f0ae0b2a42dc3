import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { refusalOf } from '../../models/texts/refusal';
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
  const text = `↑ ${isWithin ? version : minorVersionOf(version)}`;
  const refusal = refusalOf(environment, trans);
  const isTensorFlow = props.package === 'tensorflow';
  const words = isTensorFlow
    ? trans.__('Update TensorFlow to %1', version)
    : trans.__('Update Keras to %1', version);
  return (
    <button
      type="button"
      className="jp-TfenvBadge"
      title={
        refusal === null ? words : trans.__('%1 in a copy. %2', words, refusal)
      }
      aria-label={
        isTensorFlow
          ? trans.__(
              '%1: Update %2 to TensorFlow %3',
              text,
              environment.name,
              version
            )
          : trans.__(
              '%1: Update %2 to Keras %3',
              text,
              environment.name,
              version
            )
      }
      onClick={() =>
        props.execute(CommandIDs.updateEnvironment, {
          environment: environment.id,
          packages: [props.package]
        })
      }
    >
      {text}
    </button>
  );
}

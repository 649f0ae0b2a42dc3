import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import type { CheckState } from '../../models/texts/checks';
import { describeCheck } from '../../models/texts/checks';
import type { Execute } from '../shared/execute';

const SIGNS: Record<NonNullable<CheckState>, string> = {
  checking: '◌',
  ok: '✓',
  problems: '!',
  unchecked: '○'
};

interface ICheckBadgeProps {
  readonly environment: Environment;
  readonly state: CheckState;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** A sign for the result of the newest check, which opens the check; nothing if there is no TensorFlow. */
export function CheckBadge(props: ICheckBadgeProps): JSX.Element | null {
  const { environment, state, trans } = props;
  if (state === null) {
    return null;
  }
  const words = describeCheck(environment, state, trans);
  return (
    <button
      type="button"
      className="jp-TfenvChecked"
      data-state={state}
      title={words}
      aria-label={trans.__('%1: %2', environment.name, words)}
      onClick={() =>
        props.execute(CommandIDs.showEnvironment, {
          environment: environment.id,
          tab: 'check'
        })
      }
    >
      {SIGNS[state]}
    </button>
  );
}

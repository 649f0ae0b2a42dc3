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

export interface ICheckBadgeProps {
  readonly environment: Environment;
  readonly state: CheckState;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
}

/** A sign for how the newest check ended, which opens it; nothing where there is nothing to check. */
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

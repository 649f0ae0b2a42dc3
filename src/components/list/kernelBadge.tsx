import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment, PlanRequest } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { refusalOf } from '../../models/texts/refusal';
import type { Execute } from '../shared/execute';

/** What to do about the kernel: restart it after an update, or install one; nothing if all is well. */
export function KernelBadge(props: {
  environment: Environment;
  trans: TranslationBundle;
  execute: Execute;
  onPlan: (request: PlanRequest) => void;
}): JSX.Element | null {
  const { environment, trans } = props;
  const { length } = environment.outdated_kernels;
  if (length > 0) {
    return (
      <button
        type="button"
        className="jp-TfenvBadge"
        title={trans.__(
          'Packages changed after the kernel started. It uses them after a restart.'
        )}
        onClick={() =>
          props.execute(CommandIDs.restartKernels, {
            environment: environment.id
          })
        }
      >
        {trans._n('Restart kernel', 'Restart %1 kernels', length)}
      </button>
    );
  }
  const advice = environment.advice.find(item => item.code === 'no-kernel');
  const request = advice?.plan_request;
  const refusal = refusalOf(environment, trans);
  return request && environment.tensorflow ? (
    <button
      type="button"
      className="jp-TfenvBadge"
      title={refusal ?? advice.message}
      disabled={refusal !== null}
      onClick={() => props.onPlan(request)}
    >
      {trans.__('Install kernel…')}
    </button>
  ) : null;
}

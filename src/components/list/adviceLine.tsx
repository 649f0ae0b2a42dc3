import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Advice, PlanRequest } from '../../api/generated';
import { warningIcon } from '../../icons';
import { canCopy } from '../../models/state/plans';
import { AdviceText } from '../shared/adviceText';

interface IAdviceLineProps {
  readonly advice: Advice;
  readonly trans: TranslationBundle;
  /** Why the alternative cannot be planned; null if it can. */
  readonly refusal?: string | null;
  readonly onFix: (request: PlanRequest) => void;
}

/** A warning about an environment, with its alternative as a link. */
export function AdviceLine(props: IAdviceLineProps): JSX.Element {
  const { advice, trans } = props;
  const request = advice.plan_request;
  const isCopy = !!props.refusal && !!request && canCopy(request);
  return (
    <p className="jp-TfenvAdvice" data-severity={advice.severity}>
      <warningIcon.react tag="span" elementSize="small" />
      <span>
        <AdviceText advice={advice} trans={trans} />
        {request && ' · '}
        {request && (
          <button
            type="button"
            className="jp-TfenvLink"
            disabled={!!props.refusal && !isCopy}
            title={props.refusal ?? undefined}
            onClick={() => props.onFix(request)}
          >
            {isCopy
              ? trans.__('Fix in a Copy')
              : advice.code === 'update'
                ? trans.__('Update…')
                : trans.__('Fix')}
          </button>
        )}
      </span>
    </p>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Advice } from '../../api/generated';
import { warningIcon } from '../../icons';
import { AdviceText } from '../shared/adviceText';
import type { IReviewProps } from './reviewProps';

/** A warning, with a link to its alternative if that only adds something to the plan. */
export function PlanWarning(
  props: IReviewProps & { warning: Advice }
): JSX.Element {
  const { warning, trans } = props;
  const request = warning.plan_request;
  const label = additionLabel(warning, trans);
  return (
    <p className="jp-TfenvAdvice" data-severity={warning.severity}>
      <warningIcon.react tag="span" elementSize="small" />
      <span>
        <AdviceText advice={warning} trans={trans} />
        {request && label && ' · '}
        {request && label && (
          <button
            type="button"
            className="jp-TfenvLink"
            disabled={props.isApplying}
            onClick={() => props.onPlan(request)}
          >
            {label}
          </button>
        )}
      </span>
    </p>
  );
}

/** Return the label of an alternative that adds something to the plan; null if it is another plan. */
export function additionLabel(
  warning: Advice,
  trans: TranslationBundle
): string | null {
  switch (warning.code) {
    case 'no-kernel':
      return trans.__('Add ipykernel');
    case 'channels-left-out':
      return trans.__('Add These Channels');
    default:
      return null;
  }
}

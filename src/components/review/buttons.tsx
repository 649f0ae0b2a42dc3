import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { PlanRequest } from '../../api/generated';
import { isNothing } from '../../models/state/plans';
import { additionLabel } from './planWarning';
import type { IReviewProps } from './reviewProps';

/** One primary button, and the alternative next to it. */
export function Buttons(props: IReviewProps): JSX.Element {
  const { plan, failure, trans, copyRequest } = props;
  const isEmpty = plan !== null && isNothing(plan);
  const advised = plan?.warnings.find(
    warning => warning.plan_request && !additionLabel(warning, trans)
  );
  const alternative = advised?.plan_request ?? (isEmpty ? null : copyRequest);
  const label =
    advised?.code === 'held-back'
      ? trans.__('Update It Too')
      : advised?.code.startsWith('request-')
        ? trans.__('Drop Earlier Request')
        : alternative?.kind === 'repair'
          ? trans.__('Repair Instead')
          : alternative && 'into' in alternative && alternative.into
            ? trans.__('Use a Copy Instead')
            : trans.__('Use Alternative');
  return (
    <div className="jp-TfenvButtons">
      {!!props.remaining && (
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          disabled={props.isApplying}
          onClick={props.onNext}
        >
          {trans._n('Skip (%1 more)', 'Skip (%1 more)', props.remaining)}
        </button>
      )}
      {alternative && plan && (
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          disabled={props.isApplying}
          onClick={() => props.onPlan(alternative)}
        >
          {label}
        </button>
      )}
      {failure || isEmpty ? (
        <>
          {failure && !failure.lasting && (
            <button
              type="button"
              className="jp-mod-styled jp-mod-reject"
              onClick={() => props.onPlan(props.request)}
            >
              {trans.__('Plan Again')}
            </button>
          )}
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            onClick={props.onBack}
          >
            {trans.__('Back')}
          </button>
        </>
      ) : (
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          disabled={!plan || props.isApplying}
          onClick={() => plan && props.onApply(plan)}
        >
          {applyLabel(props.request, trans)}
        </button>
      )}
    </div>
  );
}

function applyLabel(request: PlanRequest, trans: TranslationBundle): string {
  if ('into' in request && request.into) {
    return trans.__('Create %1', request.into);
  }
  switch (request.kind) {
    case 'create':
    case 'clone':
    case 'overlay':
    case 'import':
      return trans.__('Create');
    case 'install':
      return trans.__('Install');
    case 'update':
      return trans.__('Update');
    case 'remove':
      return trans.__('Remove');
    case 'rename':
      return trans.__('Rename');
    case 'match':
      return trans.__('Apply');
    case 'revert':
      return trans.__('Revert');
    case 'repair':
      return trans.__('Repair');
    case 'clean':
      return trans.__('Free Up Space');
    case 'rollout':
      return request.mode === 'back'
        ? trans.__('Go Back')
        : trans.__('Roll Out');
  }
}

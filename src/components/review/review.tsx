import React from 'react';

import { withSourceBuilds } from '../../models/form/packages';
import { Failure } from '../shared/failure';
import { Buttons } from './buttons';
import { CommandLines } from './commandLines';
import type { Plan } from '../../api/generated';
import { PlanEntries } from './planEntries';
import { PlanNodes } from './planNodes';
import { Freed, Summary } from './planSummary';
import { PlanWarning } from './planWarning';
import type { IReviewProps } from './reviewProps';

/** Kinds of plans that change no package here. */
const WITHOUT_PACKAGES: readonly Plan['kind'][] = ['clean', 'rollout'];

/** The plan, before anything is changed. All kinds of changes share this screen. */
export function Review(props: IReviewProps): JSX.Element {
  const { plan, failure, trans } = props;
  return (
    <>
      <div className="jp-TfenvBody jp-TfenvReview">
        {/* Without a plan, the error is all that there is to see. */}
        {!plan && <PlanFailure {...props} />}
        {!plan && !failure && (
          <p className="jp-TfenvBusy" role="status">
            {trans.__('Solving…')}
          </p>
        )}
        {plan?.kind === 'clean' && <Freed plan={plan} trans={trans} />}
        {plan?.kind === 'rollout' && <PlanNodes plan={plan} trans={trans} />}
        {plan &&
          !WITHOUT_PACKAGES.includes(plan.kind) &&
          plan.entries.length === 0 && (
            <p role="status">
              {plan.forgets.length > 0
                ? trans.__(
                    'No package changes. Earlier requests are dropped: %1',
                    plan.forgets.join(', ')
                  )
                : plan.warnings.length > 0
                  ? trans.__('Nothing changes.')
                  : plan.kind === 'repair'
                    ? trans.__('Nothing needs repair.')
                    : trans.__('Everything is up to date.')}
            </p>
          )}
        {plan && plan.entries.length > 0 && (
          <>
            <Summary plan={plan} trans={trans} />
            <PlanEntries plan={plan} trans={trans} />
            <CommandLines
              commands={plan.commands}
              trans={trans}
              onCopy={props.onCopy}
            />
          </>
        )}
      </div>
      <div className="jp-TfenvActions">
        {plan?.warnings.map(warning => (
          <PlanWarning
            key={warning.code + warning.message}
            warning={warning}
            {...props}
          />
        ))}
        {plan && <PlanFailure {...props} />}
        <Buttons {...props} />
      </div>
    </>
  );
}

/** The error of a request without a plan, or of a plan that could not be applied. */
function PlanFailure(props: IReviewProps): JSX.Element | null {
  const { failure, trans } = props;
  const building =
    failure?.reason === 'build-needed' ? withSourceBuilds(props.request) : null;
  return (
    failure && (
      <Failure failure={failure} trans={trans} onPlan={props.onPlan}>
        {failure.reason === 'channel-unreachable' && props.offer}
        {building && (
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => props.onPlan(building)}
          >
            {trans.__('Plan With Source Builds')}
          </button>
        )}
      </Failure>
    )
  );
}

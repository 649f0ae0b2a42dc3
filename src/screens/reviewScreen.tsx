import type {
  ReadonlyPartialJSONArray,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import React from 'react';

import type { Plan } from '../api/generated';
import { CommandIDs } from '../commandids';
import { Review } from '../components/review/review';
import { ScreenHeader } from '../components/shared/screenHeader';
import { freeName } from '../models/form/naming';
import { inCopy } from '../models/state/plans';
import { ChannelOffer } from './channelOffer';
import type { IScreenProps } from './props';

/** Screen with the plan of a request, before anything is changed. */
export function ReviewScreen(
  props: IScreenProps & { onApply: (plan: Plan) => void }
): JSX.Element | null {
  const { trans } = props;
  const { environments, plans } = props.manager;
  const { request } = plans;
  if (!request) {
    return null;
  }
  const base =
    'environment' in request
      ? environments.get(request.environment ?? null)
      : null;
  const target = 'name' in request ? request.name : (base?.name ?? '');
  const copy = freeName(`${target}-copy`, environments.names);
  return (
    <>
      <ScreenHeader
        title={trans.__('Review: %1', plans.plan?.name ?? target)}
        trans={trans}
        onBack={props.onBack}
      />
      <Review
        request={request}
        plan={plans.plan}
        failure={plans.error}
        isApplying={plans.isApplying}
        copyRequest={inCopy(request, copy)}
        offer={<ChannelOffer {...props} />}
        trans={trans}
        onApply={props.onApply}
        remaining={plans.then.length}
        onPlan={request =>
          props.execute(CommandIDs.makePlan, {
            request: request as unknown as ReadonlyPartialJSONObject,
            then: plans.then as unknown as ReadonlyPartialJSONArray
          })
        }
        onNext={() => {
          const [next, ...then] = plans.then;
          props.execute(CommandIDs.makePlan, {
            request: next as unknown as ReadonlyPartialJSONObject,
            then: then as unknown as ReadonlyPartialJSONArray
          });
        }}
        onBack={props.onBack}
        onCopy={text => void navigator.clipboard.writeText(text)}
      />
    </>
  );
}

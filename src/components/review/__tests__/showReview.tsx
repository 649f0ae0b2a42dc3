import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import React from 'react';

import type { Plan, PlanRequest, UpdateRequest } from '../../../api/generated';
import { Review } from '../review';

export const trans = nullTranslator.load('tfenv_lab');
export const CREATE: PlanRequest = { kind: 'create', name: 'tf219' };
export const UPDATE: UpdateRequest = {
  kind: 'update',
  environment: 'a',
  packages: ['tensorflow']
};

/** What a review asked for. */
export interface ICalls {
  readonly applied: Plan[];
  readonly planned: PlanRequest[];
  readonly copied: string[];
}

/** Show a review, and return what it asks for. */
export function show(
  props: Partial<React.ComponentProps<typeof Review>>
): ICalls {
  const calls: ICalls = { applied: [], planned: [], copied: [] };
  render(
    <Review
      request={CREATE}
      plan={null}
      failure={null}
      isApplying={false}
      copyRequest={null}
      trans={trans}
      onApply={item => calls.applied.push(item)}
      onPlan={item => calls.planned.push(item)}
      onBack={() => undefined}
      onCopy={item => calls.copied.push(item)}
      {...props}
    />
  );
  return calls;
}

export function button(name: string): HTMLButtonElement {
  return screen.getByRole<HTMLButtonElement>('button', { name });
}

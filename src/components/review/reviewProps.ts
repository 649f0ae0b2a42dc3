import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';

import type { Plan, PlanRequest } from '../../api/generated';
import type { IFailure } from '../../api/request';

export interface IReviewProps {
  readonly request: PlanRequest;
  /** Null while the request is solved, and if it failed. */
  readonly plan: Plan | null;
  readonly failure: IFailure | null;
  /** Whether the plan was sent to become a job. */
  readonly isApplying: boolean;
  /** Number of plans to review after this one. */
  readonly remaining?: number;
  readonly onNext?: () => void;
  /** The same change in a copy; null if that is not possible. */
  readonly copyRequest: PlanRequest | null;
  /** What to offer if the channels cannot be reached. */
  readonly offer?: ReactNode;
  readonly trans: TranslationBundle;
  readonly onApply: (plan: Plan) => void;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onBack: () => void;
  readonly onCopy: (text: string) => void;
}

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { PlanRequest } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { errorIcon } from '../../icons';

interface IFailureProps {
  readonly failure: IFailure;
  readonly trans: TranslationBundle;
  /** Makes the plan of an alternative; without it, alternatives are not shown. */
  readonly onPlan?: (request: PlanRequest) => void;
  /** Buttons. */
  readonly children?: React.ReactNode;
}

/** An error: its message, its hint, a button for each alternative and, on demand, its details. */
export function Failure(props: IFailureProps): JSX.Element {
  const { failure, trans, onPlan } = props;
  const alternatives = (onPlan && failure.alternatives) ?? [];
  return (
    <div className="jp-TfenvFailure" role="alert">
      <p className="jp-TfenvFailure-sentence">
        <errorIcon.react tag="span" elementSize="small" />
        <span>{failure.message}</span>
      </p>
      {failure.hint && <p className="jp-TfenvHint">{failure.hint}</p>}
      {alternatives.length > 0 && (
        <div className="jp-TfenvWays">
          {alternatives.map(({ label, plan_request }) => (
            <button
              key={label}
              type="button"
              className="jp-mod-styled jp-mod-reject"
              onClick={() => onPlan?.(plan_request)}
            >
              {label}
            </button>
          ))}
        </div>
      )}
      {failure.details && (
        <details>
          <summary>{trans.__('Show Details')}</summary>
          <pre tabIndex={0}>{failure.details}</pre>
        </details>
      )}
      {props.children && (
        <div className="jp-TfenvButtons">{props.children}</div>
      )}
    </div>
  );
}

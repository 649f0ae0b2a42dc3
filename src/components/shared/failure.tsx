import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFailure } from '../../api/request';
import { errorIcon } from '../../icons';

export interface IFailureProps {
  readonly failure: IFailure;
  readonly trans: TranslationBundle;
  /** Buttons for what can be done. */
  readonly children?: React.ReactNode;
}

/** A failure: what happened, what to do about it, and the evidence for those who ask. */
export function Failure(props: IFailureProps): JSX.Element {
  const { failure, trans } = props;
  const isUnreachable = failure.reason === 'unreachable';
  // The server's own words are in no catalog of translations; these are not its own.
  const message = isUnreachable
    ? trans.__('The Jupyter server does not answer.')
    : failure.message;
  const hint = isUnreachable
    ? trans.__('It may be restarting: try again in a moment.')
    : failure.hint;
  return (
    <div className="jp-TfenvFailure" role="alert">
      <p className="jp-TfenvFailure-sentence">
        <errorIcon.react tag="span" elementSize="small" />
        <span>{message}</span>
      </p>
      {hint && <p className="jp-TfenvHint">{hint}</p>}
      {failure.details && (
        <details>
          <summary>{trans.__('Show details')}</summary>
          <pre tabIndex={0}>{failure.details}</pre>
        </details>
      )}
      {props.children && (
        <div className="jp-TfenvButtons">{props.children}</div>
      )}
    </div>
  );
}

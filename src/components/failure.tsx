import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { errorIcon } from '../icons';
import type { IFailure } from '../request';

export interface IFailureProps {
  readonly failure: IFailure;
  readonly trans: TranslationBundle;
  /** Buttons for what can be done. */
  readonly children?: React.ReactNode;
}

/** A failure: the server's sentence, what can be done about it, and the rest for those who ask. */
export function Failure(props: IFailureProps): JSX.Element {
  const { failure, trans } = props;
  const advice = whatToDo(failure, trans);
  return (
    <div className="jp-TfenvFailure" role="alert">
      <p className="jp-TfenvFailure-sentence">
        <errorIcon.react tag="span" elementSize="small" />
        <span>
          {failure.reason === 'unreachable'
            ? trans.__('The Jupyter server does not answer.')
            : failure.message}
        </span>
      </p>
      {advice && <p className="jp-TfenvHint">{advice}</p>}
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

function whatToDo(failure: IFailure, trans: TranslationBundle): string | null {
  switch (failure.reason) {
    case 'channel-unreachable':
      return trans.__(
        'Check the network and proxy of the server, or set other channels (TfenvLab.channels, or condarc).'
      );
    case 'misconfigured':
      return trans.__(
        'Correct the configuration of the Jupyter server, then start it again.'
      );
    case 'not-started':
      return trans.__(
        'The log of the Jupyter server holds the cause; start it again after that.'
      );
    case 'channel-not-allowed':
      return trans.__(
        'Packages come only from the channels that the server is set to (TfenvLab.allowed_channels).'
      );
    case 'unreachable':
      return trans.__('It may be restarting: try again in a moment.');
    case 'no-space':
      return trans.__('Remove what is not needed, or choose fewer packages.');
    case 'stale-plan':
      return trans.__('The environment changed meanwhile: plan again.');
    default:
      return null;
  }
}

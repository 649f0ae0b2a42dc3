import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Check, Job, PlanRequest, Problem } from '../api/generated';
import { warningIcon } from '../icons';

export interface ICheckTabProps {
  /** The newest check that came to an end, null where there is none. */
  readonly job: Job | null;
  /** When the environment last changed. */
  readonly modified: string | null;
  readonly canCheck: boolean;
  readonly trans: TranslationBundle;
  readonly onCheck: () => void;
  readonly onFix: (request: PlanRequest) => void;
}

/** Whether TensorFlow runs in the environment: ok, or problems with their causes and remedies. */
export function CheckTab(props: ICheckTabProps): JSX.Element {
  const { job, trans } = props;
  const check = job?.result ?? null;
  const when = job?.finished ?? null;
  const isOld =
    when !== null &&
    props.modified !== null &&
    Date.parse(when) < Date.parse(props.modified);
  return (
    <div className="jp-TfenvCheck">
      {check ? (
        <>
          <p data-ok={check.ok}>
            <strong>
              {check.ok ? trans.__('✓ It works') : trans.__('It has problems')}
            </strong>
            {when && ` · ${trans.__('checked %1', Time.formatHuman(when))}`}
            {isOld && ` · ${trans.__('changed since')}`}
          </p>
          <Facts check={check} trans={trans} />
          {check.problems.map(problem => (
            <ProblemLine
              key={problem.code}
              problem={problem}
              trans={trans}
              onFix={props.onFix}
            />
          ))}
          {check.output && (
            <details>
              <summary>{trans.__('Output')}</summary>
              <pre tabIndex={0}>{check.output}</pre>
            </details>
          )}
        </>
      ) : (
        <p>
          {trans.__(
            'Not checked yet. A check imports TensorFlow in this environment and computes on every device.'
          )}
        </p>
      )}
      <div className="jp-TfenvButtons">
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          disabled={!props.canCheck}
          onClick={props.onCheck}
        >
          {check ? trans.__('Check again') : trans.__('Check')}
        </button>
      </div>
    </div>
  );
}

function Facts(props: { check: Check; trans: TranslationBundle }): JSX.Element {
  const { check, trans } = props;
  return (
    <dl>
      <dt>{trans.__('Python')}</dt>
      <dd>{check.python ?? '–'}</dd>
      <dt>{trans.__('TensorFlow')}</dt>
      <dd>{check.tensorflow ?? '–'}</dd>
      <dt>{trans.__('Keras')}</dt>
      <dd>{check.keras ?? '–'}</dd>
      <dt>{trans.__('Devices')}</dt>
      {check.devices.map(device => (
        <dd key={device.name}>{device.name}</dd>
      ))}
      {check.devices.length === 0 && <dd>–</dd>}
      <dt>{trans.__('Took')}</dt>
      <dd>{trans.__('%1 s', check.seconds.toFixed(1))}</dd>
    </dl>
  );
}

function ProblemLine(props: {
  problem: Problem;
  trans: TranslationBundle;
  onFix: (request: PlanRequest) => void;
}): JSX.Element {
  const { message, remedy } = props.problem;
  const request = remedy?.plan_request ?? null;
  return (
    <div className="jp-TfenvAdvice" data-severity="error">
      <warningIcon.react tag="span" elementSize="small" />
      <div>
        <p>{message}</p>
        {remedy && <p className="jp-TfenvHint">{remedy.message}</p>}
        {request && (
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => props.onFix(request)}
          >
            {props.trans.__('Fix')}
          </button>
        )}
      </div>
    </div>
  );
}

import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type {
  Check,
  Job,
  KernelSettings,
  PlanRequest,
  Problem
} from '../../api/generated';
import { warningIcon } from '../../icons';
import { describeGpu } from '../../models/texts/units';

interface ICheckTabProps {
  /** The newest check that has a result; null if there is none. */
  readonly job: Job | null;
  /** Whether the environment changed after that check. */
  readonly isOutdated: boolean;
  /** Whether a check is active. */
  readonly isChecking: boolean;
  readonly canCheck: boolean;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  readonly onCheck: () => void;
  readonly onRepair: () => void;
  readonly onFix: (request: PlanRequest) => void;
  readonly onSet: (settings: KernelSettings) => void;
}

/** The result of the newest check: ok, or problems with their remedies. */
export function CheckTab(props: ICheckTabProps): JSX.Element {
  const { job, trans } = props;
  const check = job?.result ?? null;
  const when = job?.finished ?? null;
  return (
    <div className="jp-TfenvCheck">
      {check ? (
        <>
          <p data-ok={check.ok}>
            <strong>
              {check.ok ? trans.__('✓ Works') : trans.__('Has problems')}
            </strong>
            {when && ` · ${trans.__('checked %1', Time.formatHuman(when))}`}
            {props.isOutdated && ` · ${trans.__('changed since then')}`}
          </p>
          <Facts check={check} trans={trans} />
          {check.problems.map(problem => (
            <ProblemLine
              key={problem.code}
              problem={problem}
              trans={trans}
              onFix={props.onFix}
              onSet={props.onSet}
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
            'Not checked yet. A check imports TensorFlow in this environment and runs a computation on every device.'
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
          {props.isChecking
            ? trans.__('Checking…')
            : check
              ? trans.__('Check Again')
              : trans.__('Check')}
        </button>
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          disabled={!props.canChange}
          title={trans.__('Restore damaged files and missing dependencies')}
          onClick={props.onRepair}
        >
          {trans.__('Repair…')}
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
      <dd>{kerasOf(check, trans)}</dd>
      <dt>{trans.__('Devices')}</dt>
      {check.devices.map(device => (
        <dd key={device.name}>{device.name}</dd>
      ))}
      {check.devices.length === 0 && <dd>–</dd>}
      {check.gpus.length > 0 && <dt>{trans.__('GPUs')}</dt>}
      {check.gpus.map((gpu, index) => (
        <dd key={index}>{describeGpu(gpu, trans)}</dd>
      ))}
      <dt>{trans.__('Duration')}</dt>
      <dd>{trans.__('%1 s', check.seconds.toFixed(1))}</dd>
    </dl>
  );
}

/** Describe the Keras that tf.keras is. */
function kerasOf(check: Check, trans: TranslationBundle): string {
  const { keras } = check;
  if (keras === null) {
    return '–';
  }
  return check.tf_keras ? trans.__('%1 (tf-keras)', keras) : keras;
}

function ProblemLine(props: {
  problem: Problem;
  trans: TranslationBundle;
  onFix: (request: PlanRequest) => void;
  onSet: (settings: KernelSettings) => void;
}): JSX.Element {
  const { message, remedy, details } = props.problem;
  const request = remedy?.plan_request ?? null;
  const settings = remedy?.kernelspec ?? null;
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
        {settings && (
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => props.onSet(settings)}
          >
            {props.trans.__('Fix')}
          </button>
        )}
        {details && (
          <details>
            <summary>{props.trans.__('Traceback')}</summary>
            <pre tabIndex={0}>{details}</pre>
          </details>
        )}
      </div>
    </div>
  );
}

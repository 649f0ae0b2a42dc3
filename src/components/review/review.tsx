import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Advice, Plan, PlanRequest } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { warningIcon } from '../../icons';
import { withSourceBuilds } from '../../models/form/packages';
import { cleanableLabel, formatBytes } from '../../models/texts/units';
import { AdviceText } from '../shared/adviceText';
import { Failure } from '../shared/failure';
import { CommandLines } from './commandLines';
import { PlanEntries } from './planEntries';

interface IReviewProps {
  readonly request: PlanRequest;
  /** Null while the request is solved, and if it failed. */
  readonly plan: Plan | null;
  readonly failure: IFailure | null;
  /** Whether the plan was sent to become a job. */
  readonly isApplying: boolean;
  /** The same change in a copy; null if that is not possible. */
  readonly copyRequest: PlanRequest | null;
  /** What to offer if the channels cannot be reached. */
  readonly offer?: React.ReactNode;
  readonly trans: TranslationBundle;
  readonly onApply: (plan: Plan) => void;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onBack: () => void;
  readonly onCopy: (text: string) => void;
}

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
        {plan && plan.kind !== 'clean' && plan.entries.length === 0 && (
          <p role="status">
            {plan.forgets.length > 0
              ? trans.__(
                  'No package changes. Earlier requests are dropped: %1',
                  plan.forgets.join(', ')
                )
              : plan.warnings.length > 0
                ? trans.__('Nothing changes.')
                : plan.kind === 'repair'
                  ? trans.__('Nothing needs a repair.')
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
          <Warning
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

/** What a cleaning frees, by choice. */
function Freed(props: { plan: Plan; trans: TranslationBundle }): JSX.Element {
  const { plan, trans } = props;
  return (
    <>
      <p className="jp-TfenvReview-summary">
        {isNothing(plan)
          ? trans.__('There is nothing to delete.')
          : trans.__('Frees %1', formatBytes(plan.freed_bytes))}
      </p>
      <table
        className="jp-TfenvEntries"
        aria-label={trans.__('What is deleted')}
      >
        <tbody>
          {plan.frees
            .filter(each => each.items > 0)
            .map(each => (
              <tr key={each.what}>
                <th scope="row">{cleanableLabel(each.what, trans)}</th>
                <td>{trans._n('%1 item', '%1 items', each.items)}</td>
                <td className="jp-TfenvEntries-size">
                  {formatBytes(each.bytes)}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </>
  );
}

/** Whether a plan changes nothing. */
function isNothing(plan: Plan): boolean {
  return (
    plan.entries.length === 0 &&
    plan.forgets.length === 0 &&
    plan.frees.every(each => each.items === 0)
  );
}

/** "68 packages · 340 MB to download · adds 15 MB, shares 1.4 GB (41 GB free)" */
function Summary(props: { plan: Plan; trans: TranslationBundle }): JSX.Element {
  const { plan, trans } = props;
  const isWhole = plan.sizes_complete;
  const atLeast = (bytes: number): string =>
    isWhole ? formatBytes(bytes) : trans.__('at least %1', formatBytes(bytes));
  const parts = [
    trans._n('%1 package', '%1 packages', plan.entries.length),
    plan.download_bytes > 0 || !isWhole
      ? trans.__('%1 to download', atLeast(plan.download_bytes))
      : trans.__('nothing to download'),
    trans.__('adds %1', atLeast(plan.added_bytes)) +
      (plan.shared_bytes > 0
        ? trans.__(', shares %1', formatBytes(plan.shared_bytes))
        : ''),
    plan.freed_bytes > 0 && trans.__('frees %1', formatBytes(plan.freed_bytes))
  ].filter(Boolean);
  const free = plan.free_bytes;
  return (
    <p className="jp-TfenvReview-summary">
      {parts.join(' · ')}
      {free !== null && ` (${trans.__('%1 free', formatBytes(free))})`}
      {plan.strategy !== 'swap' && (
        <span className="jp-TfenvHint">
          {trans.__(
            'This directory cannot be swapped in one step. If the change is interrupted, it is completed when Jupyter starts again.'
          )}
        </span>
      )}
    </p>
  );
}

/** A warning, with a link to its alternative if that only adds something to the plan. */
function Warning(props: IReviewProps & { warning: Advice }): JSX.Element {
  const { warning, trans } = props;
  const request = warning.plan_request;
  const label = additionLabel(warning, trans);
  return (
    <p className="jp-TfenvAdvice" data-severity={warning.severity}>
      <warningIcon.react tag="span" elementSize="small" />
      <span>
        <AdviceText advice={warning} trans={trans} />
        {request && label && ' · '}
        {request && label && (
          <button
            type="button"
            className="jp-TfenvLink"
            disabled={props.isApplying}
            onClick={() => props.onPlan(request)}
          >
            {label}
          </button>
        )}
      </span>
    </p>
  );
}

/** Return the label of an alternative that adds something to the plan; null if it is another plan. */
function additionLabel(
  warning: Advice,
  trans: TranslationBundle
): string | null {
  switch (warning.code) {
    case 'no-kernel':
      return trans.__('Add ipykernel');
    case 'channels-left-out':
      return trans.__('Add These Channels');
    default:
      return null;
  }
}

/** One primary button, and the alternative next to it. */
function Buttons(props: IReviewProps): JSX.Element {
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
          {failure && canHelp(failure) && (
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

/** Reasons that stay the same until the request, the environment or the configuration changes. */
const LASTING: ReadonlySet<IFailure['reason']> = new Set([
  'invalid-request',
  'protected',
  'channel-not-allowed',
  'index-not-allowed',
  'forbidden',
  'not-found',
  'prefix-exists',
  'unsatisfiable',
  'build-needed',
  'invalid-spec',
  'invalid-name',
  'build-failed'
]);

/** Whether planning the same request again may help. */
function canHelp(failure: IFailure): boolean {
  return !LASTING.has(failure.reason);
}

function applyLabel(request: PlanRequest, trans: TranslationBundle): string {
  if ('into' in request && request.into) {
    return trans.__('Create %1', request.into);
  }
  switch (request.kind) {
    case 'create':
    case 'clone':
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
    case 'revert':
      return trans.__('Revert');
    case 'repair':
      return trans.__('Repair');
    case 'clean':
      return trans.__('Free Up Space');
  }
}

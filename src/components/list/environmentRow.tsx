import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, notebookIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { Environment, PlanRequest } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { variantLabel } from '../../models/form/choices';
import type { IRow } from '../../models/state/listRows';
import type { CheckState } from '../../models/texts/checks';
import { refusalOf } from '../../models/texts/refusal';
import { minorVersionOf } from '../../models/texts/versions';
import type { Execute } from '../shared/execute';
import { IconButton } from '../shared/iconButton';
import { JobFailure } from '../shared/jobFailure';
import { JobProgress } from '../shared/jobProgress';
import { AdviceLine } from './adviceLine';
import { CheckBadge } from './checkBadge';
import { KernelBadge } from './kernelBadge';
import { setTabStop } from './rowKeys';
import { UpdateBadge } from './updateBadge';

interface IEnvironmentRowProps {
  readonly row: IRow;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onPlan: (request: PlanRequest) => void;
  /** Opens the menu of an environment below a button. */
  readonly openMenu: (environment: string, anchor: HTMLElement) => void;
  /** Ids of the selected environments; null unless several are being selected. */
  readonly selected?: ReadonlySet<string> | null;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
}

/**
 * An environment in two lines. The second shows the active job, if there is one.
 *
 * A list can have a thousand rows, and it is rendered whenever a job makes progress. So a row is rendered again only if
 * what it shows has changed: the functions do the same in each rendering.
 */
export const EnvironmentRow = React.memo(
  Row,
  (before, after) =>
    before.trans === after.trans &&
    before.selected === after.selected &&
    isEqual(before.row, after.row)
);

function isEqual(one: IRow, other: IRow): boolean {
  const keys = Object.keys({ ...one, ...other }) as (keyof IRow)[];
  return keys.every(key => one[key] === other[key]);
}

function Row(props: IEnvironmentRowProps): JSX.Element {
  const { row, trans, execute } = props;
  const { environment, job, failure } = row;
  const line = React.useRef<HTMLLIElement>(null);
  // After every render, because buttons come and go.
  React.useEffect(() => {
    if (line.current) {
      setTabStop(line.current);
    }
  });
  const advice = environment?.advice.find(item => item.severity !== 'info');
  return (
    <li
      ref={line}
      className="jp-TfenvRow"
      data-prefix={row.prefix}
      data-environment={environment?.id}
      aria-current={row.isCurrent || undefined}
    >
      <div className="jp-TfenvRow-first">
        {environment && props.selected && (
          <input
            type="checkbox"
            aria-label={trans.__('Select %1', row.name)}
            checked={props.selected.has(environment.id)}
            onChange={event => {
              const others = [...(props.selected ?? [])].filter(
                id => id !== environment.id
              );
              props.onSelect?.(
                new Set(
                  event.target.checked ? [...others, environment.id] : others
                )
              );
            }}
          />
        )}
        {row.isCurrent && (
          <span
            className="jp-TfenvDot"
            role="img"
            aria-label={trans.__('Used by the current notebook')}
            title={trans.__('Used by the current notebook')}
          />
        )}
        {environment ? (
          <button
            type="button"
            className="jp-TfenvRow-name"
            title={environment.prefix}
            onClick={() =>
              execute(CommandIDs.showEnvironment, {
                environment: environment.id
              })
            }
          >
            {row.name}
          </button>
        ) : (
          <span className="jp-TfenvRow-name" title={row.prefix}>
            {row.name}
          </span>
        )}
        {environment && (
          <span className="jp-TfenvRow-actions">
            {environment.kernel && (
              <IconButton
                icon={notebookIcon}
                label={trans.__('Open a notebook with %1', row.name)}
                disabled={job !== null}
                onClick={() =>
                  execute(CommandIDs.openNotebook, {
                    environment: environment.id
                  })
                }
              />
            )}
            <IconButton
              icon={ellipsesIcon}
              label={trans.__('Actions for %1', row.name)}
              opensMenu
              onClick={event =>
                props.openMenu(environment.id, event.currentTarget)
              }
            />
          </span>
        )}
      </div>
      {job ? (
        <JobProgress
          job={job}
          trans={trans}
          onCancel={() => execute(CommandIDs.cancelJob, { job: job.id })}
        />
      ) : (
        environment && (
          <Summary
            environment={environment}
            package={row.package ?? null}
            checked={row.checked}
            trans={trans}
            execute={execute}
            onPlan={props.onPlan}
          />
        )
      )}
      {failure && !job && (
        <JobFailure job={failure} trans={trans} execute={execute} />
      )}
      {advice && !job && (
        <AdviceLine
          advice={advice}
          refusal={environment && refusalOf(environment, trans)}
          trans={trans}
          onFix={props.onPlan}
        />
      )}
    </li>
  );
}

/** "2.19.1 · CPU · Python 3.11", the result of the check, and the available update. */
function Summary(props: {
  environment: Environment;
  /** The version of the package in the filter. */
  package: string | null;
  checked: CheckState;
  trans: TranslationBundle;
  execute: Execute;
  onPlan: (request: PlanRequest) => void;
}): JSX.Element {
  const { environment, trans, execute } = props;
  const { tensorflow, keras, python } = environment;
  const parts = [
    props.package !== null && trans.__('has version %1', props.package),
    tensorflow?.version,
    tensorflow?.variant && variantLabel(tensorflow.variant),
    python && trans.__('Python %1', minorVersionOf(python)),
    keras && trans.__('Keras %1', keras.version),
    environment.over && trans.__('over %1', environment.over.name),
    environment.shared && trans.__('shared, read-only'),
    environment.hidden
      ? trans.__('hidden from the launcher')
      : !environment.kernel && trans.__('no kernel')
  ].filter(Boolean);
  return (
    <div className="jp-TfenvRow-second">
      <span className="jp-TfenvRow-summary" title={parts.join(' · ')}>
        {parts.join(' · ')}
      </span>
      <CheckBadge
        environment={environment}
        state={props.checked}
        trans={trans}
        execute={execute}
      />
      <KernelBadge
        environment={environment}
        trans={trans}
        execute={execute}
        onPlan={props.onPlan}
      />
      <UpdateBadge
        environment={environment}
        package="tensorflow"
        trans={trans}
        execute={execute}
      />
    </div>
  );
}

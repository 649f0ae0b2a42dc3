import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  ellipsesIcon,
  HTMLSelect,
  InputGroup,
  refreshIcon
} from '@jupyterlab/ui-components';
import React from 'react';

import type { PlanRequest } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import type { GroupName, IGroup, Sort } from '../../models/state/listRows';
import { SORTS } from '../../models/state/listRows';
import type { Execute } from '../shared/execute';
import { Failure } from '../shared/failure';
import { IconButton } from '../shared/iconButton';
import { ScreenHeader } from '../shared/screenHeader';
import { useGrowingList } from '../shared/useGrowingList';
import { EnvironmentRow } from './environmentRow';
import { onRowKey } from './rowKeys';
import { SelectionBar } from './selectionBar';

interface IEnvironmentListProps {
  /** Null until the server responds. */
  readonly groups: readonly IGroup[] | null;
  readonly filter: string;
  readonly sort: Sort;
  readonly failure: IFailure | null;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onPlan: (request: PlanRequest) => void;
  readonly openGroups: ReadonlySet<GroupName>;
  readonly onToggleGroup: (group: GroupName, isOpen: boolean) => void;
  readonly onFilter: (filter: string) => void;
  readonly onSort: (sort: Sort) => void;
  readonly openMenu: (environment: string, anchor: HTMLElement) => void;
  readonly openPanelMenu: (anchor: HTMLElement) => void;
  /** Ids of the selected environments; null unless several are being selected. */
  readonly selected: ReadonlySet<string> | null;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  /** Whether a command can act on the selected environments. */
  readonly isEnabled: (command: string) => boolean;
}

/** The first screen: the list of all environments. */
export function EnvironmentList(props: IEnvironmentListProps): JSX.Element {
  const { groups, trans, execute } = props;
  const sorts: Record<Sort, string> = {
    name: trans.__('Sort: name'),
    tensorflow: trans.__('Sort: TensorFlow'),
    modified: trans.__('Sort: last changed')
  };
  return (
    <>
      <ScreenHeader
        title={trans.__('TensorFlow Environments')}
        trans={trans}
        onBack={null}
      >
        <button
          type="button"
          className="jp-TfenvNew"
          onClick={() => execute(CommandIDs.newEnvironment)}
        >
          <addIcon.react tag="span" elementSize="small" />
          {trans.__('New…')}
        </button>
        <IconButton
          icon={refreshIcon}
          label={trans.__('Refresh')}
          onClick={() => execute(CommandIDs.refresh)}
        />
        <IconButton
          icon={ellipsesIcon}
          label={trans.__('More')}
          opensMenu
          onClick={event => props.openPanelMenu(event.currentTarget)}
        />
      </ScreenHeader>
      <div
        className="jp-TfenvList"
        onKeyDown={event => {
          if (event.key === 'Escape' && props.selected) {
            event.preventDefault();
            execute(CommandIDs.selectEnvironments);
          }
          onRowKey(event);
        }}
      >
        <div className="jp-TfenvTools">
          <InputGroup
            className="jp-TfenvFilter"
            type="search"
            aria-label={trans.__('Filter environments')}
            placeholder={trans.__('Filter…')}
            rightIcon="ui-components:search"
            value={props.filter}
            onChange={event => props.onFilter(event.target.value)}
          />
          <HTMLSelect
            aria-label={trans.__('Sort environments by')}
            title={sorts[props.sort]}
            value={props.sort}
            onChange={event => props.onSort(event.target.value as Sort)}
          >
            {SORTS.map(sort => (
              <option key={sort} value={sort}>
                {sorts[sort]}
              </option>
            ))}
          </HTMLSelect>
        </div>
        {props.selected && (
          <SelectionBar
            {...props}
            selected={props.selected}
            shown={(groups ?? []).flatMap(({ rows }) =>
              rows.flatMap(({ environment }) => environment?.id ?? [])
            )}
          />
        )}
        <div className="jp-TfenvBody">
          {props.failure && (
            <Failure failure={props.failure} trans={trans}>
              <button
                type="button"
                className="jp-TfenvLink"
                onClick={() => execute(CommandIDs.refresh)}
              >
                {trans.__('Try Again')}
              </button>
            </Failure>
          )}
          {groups && !props.failure && <Empty {...props} />}
          {groups?.map(group => (
            <Group key={group.name} group={group} {...props} />
          ))}
        </div>
      </div>
    </>
  );
}

function Group(props: IEnvironmentListProps & { group: IGroup }): JSX.Element {
  const { group, trans } = props;
  const [rows, end] = useGrowingList(group.rows, props.filter);
  // A filter expands every group, so that all matches are visible.
  const isOpen = props.openGroups.has(group.name) || props.filter !== '';
  const labels: Record<GroupName, string> = {
    tensorflow: trans.__('TensorFlow'),
    others: trans.__('Other environments'),
    unusable: trans.__('Unusable')
  };
  return (
    <details
      className="jp-TfenvGroup"
      open={isOpen}
      onToggle={event => {
        if (props.filter === '') {
          props.onToggleGroup(group.name, event.currentTarget.open);
        }
      }}
    >
      <summary>
        <span>{labels[group.name]}</span>
        <span className="jp-TfenvCount">{group.rows.length}</span>
      </summary>
      {isOpen && (
        <ul aria-label={labels[group.name]}>
          {rows.map(row => (
            <EnvironmentRow
              key={row.prefix}
              row={row}
              trans={trans}
              execute={props.execute}
              onPlan={props.onPlan}
              openMenu={props.openMenu}
              selected={props.selected}
              onSelect={props.onSelect}
            />
          ))}
        </ul>
      )}
      {isOpen && end}
    </details>
  );
}

/** What an empty list shows. */
function Empty(props: IEnvironmentListProps): JSX.Element | null {
  const { groups, trans } = props;
  if (props.filter !== '') {
    return groups?.length === 0 ? (
      <p className="jp-TfenvEmpty" role="status">
        {trans.__('No environment matches the filter.')}
      </p>
    ) : null;
  }
  return groups?.some(group => group.name === 'tensorflow') ? null : (
    <div className="jp-TfenvEmpty">
      <p>
        {trans.__(
          'No TensorFlow environment yet. Create one to use it as a kernel in your notebooks.'
        )}
      </p>
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        onClick={() => props.execute(CommandIDs.newEnvironment)}
      >
        {trans.__('New Environment…')}
      </button>
    </div>
  );
}

import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { environment } from '../../../__tests__/fixtures';
import type { IGroup, IRow } from '../../../models/state/listRows';
import { EnvironmentList } from '../environmentList';

type ListProps = React.ComponentProps<typeof EnvironmentList>;

export const trans = nullTranslator.load('tfenv_lab');

export function row(name: string, change: Partial<IRow> = {}): IRow {
  const shown = environment(name);
  return {
    name,
    prefix: shown.prefix,
    environment: shown,
    isCurrent: false,
    job: null,
    failure: null,
    checked: null,
    ...change
  };
}

export function group(...rows: IRow[]): readonly IGroup[] {
  return [{ name: 'tensorflow', rows }];
}

/** The list, whose properties do nothing unless they are given. */
export function List(
  props: Pick<ListProps, 'groups'> & Partial<ListProps>
): JSX.Element {
  return (
    <EnvironmentList
      filter=""
      sort="name"
      failure={null}
      openGroups={new Set(['tensorflow'])}
      trans={trans}
      execute={() => undefined}
      onPlan={() => undefined}
      onToggleGroup={() => undefined}
      onFilter={() => undefined}
      onSort={() => undefined}
      openMenu={() => undefined}
      openPanelMenu={() => undefined}
      selected={null}
      onSelect={() => undefined}
      isEnabled={() => true}
      {...props}
    />
  );
}

/** Render the list, and return the commands and plans that it requests from then on. */
export function show(
  groups: readonly IGroup[] | null,
  props: Partial<ListProps> = {}
): [string, unknown][] {
  const executed: [string, unknown][] = [];
  render(
    <List
      groups={groups}
      execute={(command, args) => executed.push([command, args])}
      onPlan={request => executed.push(['plan', request])}
      {...props}
    />
  );
  return executed;
}

export function click(name: string): void {
  fireEvent.click(screen.getByRole('button', { name }));
}

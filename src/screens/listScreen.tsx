import React from 'react';

import { EnvironmentList } from '../components/list/environmentList';
import { groupRows } from '../models/state/listRows';
import { namesPackage, withoutPackage } from '../models/state/packageFinder';
import type { IScreenProps } from './props';

/** Screen with all environments. */
export function ListScreen(
  props: IScreenProps & {
    openMenu: (environment: string, anchor: HTMLElement) => void;
    openPanelMenu: (anchor: HTMLElement) => void;
    isEnabled: (command: string) => boolean;
  }
): JSX.Element {
  const { environments, finder, jobs, navigation } = props.manager;
  return (
    <EnvironmentList
      groups={
        environments.environments &&
        groupRows(
          environments,
          jobs,
          withoutPackage(navigation.filter),
          navigation.sort,
          namesPackage(navigation.filter) ? finder.versions : null
        )
      }
      filter={navigation.filter}
      sort={navigation.sort}
      failure={environments.error}
      trans={props.trans}
      execute={props.execute}
      onPlan={props.onPlan}
      onFilter={filter => {
        navigation.filter = filter;
      }}
      onSort={sort => {
        navigation.sort = sort;
      }}
      openGroups={navigation.openGroups}
      onToggleGroup={(group, isOpen) => navigation.setGroupOpen(group, isOpen)}
      openMenu={props.openMenu}
      openPanelMenu={props.openPanelMenu}
      selected={navigation.selected}
      onSelect={selected => {
        navigation.selected = selected;
      }}
      isEnabled={props.isEnabled}
    />
  );
}

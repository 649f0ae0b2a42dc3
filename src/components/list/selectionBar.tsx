import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { CommandIDs } from '../../commandids';
import type { Execute } from '../shared/execute';

interface ISelectionBarProps {
  readonly selected: ReadonlySet<string>;
  /** Ids of the environments in the list. */
  readonly shown: readonly string[];
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  /** Whether a command can act on the selected environments. */
  readonly isEnabled: (command: string) => boolean;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

/** What can be done with the selected environments. */
export function SelectionBar(props: ISelectionBarProps): JSX.Element {
  const { selected, shown, trans, execute } = props;
  const actions = [
    [CommandIDs.checkSelected, trans.__('Check')],
    [CommandIDs.updateSelected, trans.__('Update TensorFlow…')],
    [CommandIDs.deleteSelected, trans.__('Delete…')]
  ] as const;
  const isAll = shown.length > 0 && shown.every(id => selected.has(id));
  return (
    <div
      className="jp-TfenvSelection"
      role="group"
      aria-label={trans.__('Selected environments')}
    >
      <label className="jp-TfenvCheckbox">
        <input
          type="checkbox"
          checked={isAll}
          onChange={() => props.onSelect(new Set(isAll ? [] : shown))}
        />
        <span>{trans.__('All')}</span>
      </label>
      <span role="status">{trans.__('%1 selected', selected.size)}</span>
      <span className="jp-TfenvSelection-actions">
        {actions.map(([command, label]) => (
          <button
            key={command}
            type="button"
            className="jp-TfenvLink"
            disabled={!props.isEnabled(command)}
            onClick={() => execute(command)}
          >
            {label}
          </button>
        ))}
        <button
          type="button"
          className="jp-TfenvLink"
          onClick={() => execute(CommandIDs.selectEnvironments)}
        >
          {trans.__('Done')}
        </button>
      </span>
    </div>
  );
}

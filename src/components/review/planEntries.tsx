import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Entry, Plan } from '../../api/generated';
import { variantLabel, variantOfBuild } from '../../models/form/choices';
import { groupEntries } from '../../models/texts/planRows';
import { formatBytes } from '../../models/texts/units';

/** A group of more entries than this is folded. */
const FOLD_ABOVE = 6;

export interface IPlanEntriesProps {
  readonly plan: Plan;
  readonly trans: TranslationBundle;
}

/** What changes: requested first, then what is added for it (folded), changed and removed. */
export function PlanEntries(props: IPlanEntriesProps): JSX.Element {
  const { plan, trans } = props;
  const groups = groupEntries(plan.entries);
  const count = groups.added.length;
  return (
    <>
      <EntryTable
        label={trans.__('Requested')}
        entries={groups.requested}
        trans={trans}
      />
      <Fold
        label={trans._n('%1 dependency', '%1 dependencies', count)}
        entries={groups.added}
        trans={trans}
        folded
      />
      <Fold
        label={trans.__('Changed with them')}
        entries={groups.changed}
        trans={trans}
      />
      <Fold
        label={trans.__('Removed')}
        entries={groups.removed}
        trans={trans}
      />
    </>
  );
}

function Fold(props: {
  label: string;
  entries: readonly Entry[];
  trans: TranslationBundle;
  folded?: boolean;
}): JSX.Element | null {
  return props.entries.length === 0 ? null : (
    <details open={!props.folded && props.entries.length <= FOLD_ABOVE}>
      <summary>
        {props.label}
        {!props.folded && (
          <span className="jp-TfenvCount">{props.entries.length}</span>
        )}
      </summary>
      <EntryTable {...props} />
    </details>
  );
}

function EntryTable(props: {
  label: string;
  entries: readonly Entry[];
  trans: TranslationBundle;
}): JSX.Element | null {
  return props.entries.length === 0 ? null : (
    <table className="jp-TfenvEntries" aria-label={props.label}>
      <tbody>
        {props.entries.map(entry => (
          <EntryRow key={entry.name} entry={entry} trans={props.trans} />
        ))}
      </tbody>
    </table>
  );
}

/** "keras  3.5.0 → 3.6.0  + 1 MB"; the builds show on hover. */
export function EntryRow(props: {
  entry: Entry;
  trans: TranslationBundle;
}): JSX.Element {
  const { entry, trans } = props;
  const builds = [entry.from?.build, entry.to?.build].filter(Boolean);
  const size = entry.to?.size;
  return (
    <tr data-action={entry.action} title={builds.join(' → ')}>
      <th scope="row">{entry.name}</th>
      <td>
        {[versionsOf(entry, trans), hardwareOf(entry)]
          .filter(Boolean)
          .join(' · ')}
      </td>
      <td className="jp-TfenvEntries-size">
        {typeof size === 'number' && `+ ${formatBytes(size)}`}
      </td>
    </tr>
  );
}

/** What happens to an entry's version, in one line. */
export function versionsOf(entry: Entry, trans: TranslationBundle): string {
  switch (entry.action) {
    case 'install':
      return entry.to.version;
    case 'remove':
      return trans.__('%1 removed', entry.from.version);
    case 'downgrade':
      return trans.__('%1 ↓ %2', entry.from.version, entry.to.version);
    case 'upgrade':
      return trans.__('%1 → %2', entry.from.version, entry.to.version);
    case 'change':
      return trans.__('%1, another build', entry.to.version);
  }
}

/** The hardware that TensorFlow is then for, where that is new: "CPU", "CPU → CUDA 12.6". */
function hardwareOf(entry: Entry): string | null {
  if (entry.name !== 'tensorflow') {
    return null;
  }
  const variants = [entry.from, entry.to].map(side =>
    side ? variantOfBuild(side.build) : null
  );
  const known = variants.filter(variant => variant !== null);
  return new Set(known).size === known.length
    ? known.map(variantLabel).join(' → ')
    : null;
}

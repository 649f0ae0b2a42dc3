import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Entry, Plan } from '../../api/generated';
import { PYPI } from '../../models/form/choiceOptions';
import { variantLabel, variantOfBuild } from '../../models/form/choices';
import { groupEntries } from '../../models/texts/planRows';
import { formatBytes } from '../../models/texts/units';
import { PackageName } from '../shared/packageName';

/** A group with more entries than this is collapsed. */
const COLLAPSE_ABOVE = 6;

interface IPlanEntriesProps {
  readonly plan: Plan;
  readonly trans: TranslationBundle;
}

/** The entries of a plan: requested packages first, then new dependencies (collapsed), changed and removed ones. */
export function PlanEntries(props: IPlanEntriesProps): JSX.Element {
  const { plan, trans } = props;
  const groups = groupEntries(plan.entries);
  const count = groups.added.length;
  return (
    <>
      <EntryTable
        label={trans.__('Requested')}
        entries={groups.requested}
        all={plan.entries}
        trans={trans}
      />
      <Fold
        label={trans._n('%1 dependency', '%1 dependencies', count)}
        entries={groups.added}
        all={plan.entries}
        trans={trans}
        folded
      />
      <Fold
        label={trans.__('Also changed')}
        entries={groups.changed}
        all={plan.entries}
        trans={trans}
      />
      <Fold
        label={trans.__('Removed')}
        entries={groups.removed}
        all={plan.entries}
        trans={trans}
      />
    </>
  );
}

function Fold(props: {
  label: string;
  entries: readonly Entry[];
  all: readonly Entry[];
  trans: TranslationBundle;
  folded?: boolean;
}): JSX.Element | null {
  return props.entries.length === 0 ? null : (
    <details open={!props.folded && props.entries.length <= COLLAPSE_ABOVE}>
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
  all: readonly Entry[];
  trans: TranslationBundle;
}): JSX.Element | null {
  return props.entries.length === 0 ? null : (
    <table className="jp-TfenvEntries" aria-label={props.label}>
      <tbody>
        {props.entries.map(entry => (
          <EntryRow
            key={`${entry.source} ${entry.name}`}
            entry={entry}
            parts={partsOf(entry, props.all)}
            trans={props.trans}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Return the entries of the packages that belong to a package. */
function partsOf(entry: Entry, all: readonly Entry[]): readonly Entry[] {
  const names = new Set(entry.to?.parts);
  return names.size === 0 ? [] : all.filter(({ name }) => names.has(name));
}

/**
 * "keras  3.5.0 → 3.6.0 · PyPI  + 1 MB"; the tooltip shows the builds.
 *
 * The size of a package includes that of its parts: tensorflow alone is empty.
 */
export function EntryRow(props: {
  entry: Entry;
  /** The packages that belong to it. */
  parts?: readonly Entry[];
  trans: TranslationBundle;
}): JSX.Element {
  const { entry, trans } = props;
  const builds = [entry.from?.build, entry.to?.build].filter(Boolean);
  const { parts = [] } = props;
  const sizes = [entry, ...parts].map(item => item.to?.size ?? null);
  const size = sizes.reduce(
    (sum, item) => (sum === null || item === null ? null : sum + item),
    0
  );
  const withParts =
    parts.length > 0
      ? trans.__('With %1', parts.map(({ name }) => name).join(', '))
      : undefined;
  return (
    <tr data-action={entry.action} title={builds.join(' → ')}>
      <th scope="row">
        <PackageName name={entry.name} />
      </th>
      <td>
        {[
          versionsOf(entry, trans),
          hardwareOf(entry),
          entry.source === 'pypi' && PYPI
        ]
          .filter(Boolean)
          .join(' · ')}
      </td>
      <td className="jp-TfenvEntries-size" title={withParts}>
        {entry.to && size !== null && `+ ${formatBytes(size)}`}
      </td>
    </tr>
  );
}

/** Describe the change of an entry's version in one line. */
function versionsOf(entry: Entry, trans: TranslationBundle): string {
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
      return trans.__('%1, different build', entry.to.version);
    case 'repair':
      return entry.from.version === entry.to.version
        ? trans.__('%1 repaired', entry.to.version)
        : trans.__('%1 → %2', entry.from.version, entry.to.version);
  }
}

/** Describe the variant of TensorFlow, if it is new or changes: "CPU", "CPU → CUDA 12.6". */
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

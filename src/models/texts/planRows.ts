import type { Entry } from '../../api/generated';

/** The entries of a plan, in groups. */
export interface IEntryGroups {
  /** Packages that the user named, whatever their action. */
  readonly requested: readonly Entry[];
  /** Other packages that are upgraded, downgraded or replaced by another build. */
  readonly changed: readonly Entry[];
  readonly removed: readonly Entry[];
  /** New dependencies. */
  readonly added: readonly Entry[];
}

/** The packages that come first in each group. */
const FIRST = ['tensorflow', 'keras', 'python'];

/** Group the entries of a plan, and sort each group by name. */
export function groupEntries(entries: readonly Entry[]): IEntryGroups {
  const byName = [...entries].sort(
    (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)
  );
  const rest = byName.filter(entry => !entry.requested);
  return {
    requested: byName.filter(entry => entry.requested),
    changed: rest.filter(
      entry => entry.action !== 'install' && entry.action !== 'remove'
    ),
    removed: rest.filter(entry => entry.action === 'remove'),
    added: rest.filter(entry => entry.action === 'install')
  };
}

function rank(entry: Entry): number {
  const index = FIRST.indexOf(entry.name);
  return index < 0 ? FIRST.length : index;
}

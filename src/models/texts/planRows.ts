import type { Entry } from '../../api/generated';

/** A plan's entries in the order in which a person asks about them. */
export interface IEntryGroups {
  /** What the user asked for, whatever happens to it. */
  readonly requested: readonly Entry[];
  /** Upgraded, downgraded or rebuilt on the way. */
  readonly changed: readonly Entry[];
  readonly removed: readonly Entry[];
  /** New because others need them. */
  readonly added: readonly Entry[];
}

/** What an environment is about comes before the rest. */
const LEADING = ['tensorflow', 'keras', 'python'];

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
  const index = LEADING.indexOf(entry.name);
  return index < 0 ? LEADING.length : index;
}

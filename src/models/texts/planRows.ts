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

/** Group the entries of a plan, in the order that the server sends. */
export function groupEntries(entries: readonly Entry[]): IEntryGroups {
  const rest = entries.filter(entry => !entry.requested);
  return {
    requested: entries.filter(entry => entry.requested),
    changed: rest.filter(
      entry => entry.action !== 'install' && entry.action !== 'remove'
    ),
    removed: rest.filter(entry => entry.action === 'remove'),
    added: rest.filter(entry => entry.action === 'install')
  };
}

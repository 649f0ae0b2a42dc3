import type { ITfenvManager } from '../tokens';

/** List the names of all environments, and of those that jobs create. */
export function takenNames(manager: ITfenvManager): ReadonlySet<string> {
  const { environments, jobs } = manager;
  return new Set([
    ...environments.names,
    ...jobs.jobs.filter(job => jobs.activeOn(job.prefix)).map(job => job.name)
  ]);
}

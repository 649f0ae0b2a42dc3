import type { Environment, Job } from '../../api/generated';
import type { FailedJob } from '../../api/jobs';
import type { CheckState } from '../texts/checks';
import { checkState } from '../texts/checks';
import { compareVersions } from '../texts/versions';
import type { EnvironmentsModel } from './environments';
import type { JobsModel } from './jobs';

/** A row of the list: an environment, or one that a job creates. */
export interface IRow {
  readonly name: string;
  readonly prefix: string;
  /** Null if the environment does not exist yet. */
  readonly environment: Environment | null;
  readonly isCurrent: boolean;
  /** The active job. */
  readonly job: Job | null;
  /** The newest job, if it failed. */
  readonly failure: FailedJob | null;
  readonly checked: CheckState;
  /** The version of the package in the filter; null if the filter names none. */
  readonly package?: string | null;
}

export type GroupName = 'tensorflow' | 'others' | 'unusable';

export interface IGroup {
  readonly name: GroupName;
  readonly rows: readonly IRow[];
}

/** Sort keys of the list; the setting `sort` has the same values. */
export const SORTS = ['name', 'tensorflow', 'modified'] as const;
export type Sort = (typeof SORTS)[number];

/**
 * Group the rows that match the filter and, if a package is searched, have it in `found`. The environment of the current notebook comes first.
 *
 * Versions and times are sorted newest first, and equal rows by name.
 */
export function groupRows(
  environments: EnvironmentsModel,
  jobs: JobsModel,
  filter: string,
  sort: Sort = 'name',
  found: ReadonlyMap<string, string> | null = null
): IGroup[] {
  const rows = [...existing(environments, jobs), ...pending(environments, jobs)]
    .filter(row => matches(row, filter))
    .filter(
      ({ environment }) =>
        !found || (environment !== null && found.has(environment.id))
    )
    .map(row => ({
      ...row,
      package: (row.environment && found?.get(row.environment.id)) ?? null
    }))
    .sort(
      (a, b) =>
        Number(b.isCurrent) - Number(a.isCurrent) ||
        NEWER[sort](a, b) ||
        a.name.localeCompare(b.name, undefined, { numeric: true })
    );
  const groups: IGroup[] = (['tensorflow', 'others', 'unusable'] as const).map(
    name => ({ name, rows: rows.filter(row => groupOf(row) === name) })
  );
  return groups.filter(group => group.rows.length > 0);
}

const NEWER: Record<Sort, (a: IRow, b: IRow) => number> = {
  name: () => 0,
  tensorflow: (a, b) => compareVersions(versionOf(b), versionOf(a)),
  modified: (a, b) => changed(b).localeCompare(changed(a))
};

function versionOf(row: IRow): string {
  return row.environment?.tensorflow?.version ?? '0';
}

/** Return the time of the last change as a text that sorts; a row with an active job counts as newest. */
function changed(row: IRow): string {
  return row.job ? '9999' : (row.environment?.modified ?? '');
}

function existing(environments: EnvironmentsModel, jobs: JobsModel): IRow[] {
  return (environments.environments ?? []).map(environment => ({
    name: environment.name,
    prefix: environment.prefix,
    environment,
    isCurrent: environments.isCurrent(environment),
    job: jobs.activeOn(environment.prefix) ?? null,
    failure: jobs.failureOn(environment.prefix) ?? null,
    checked: checkState(environment, jobs.isChecking(environment.prefix))
  }));
}

/** List environments that a job creates or failed to create. */
function pending(environments: EnvironmentsModel, jobs: JobsModel): IRow[] {
  return [...jobs.prefixes]
    .filter(prefix => !environments.byPrefix(prefix))
    .map(prefix => ({
      prefix,
      job: jobs.activeOn(prefix) ?? null,
      failure: jobs.failureOn(prefix) ?? null
    }))
    .filter(({ job, failure }) => job !== null || failure !== null)
    .map(row => ({
      ...row,
      name: (row.job ?? row.failure)?.name ?? row.prefix,
      environment: null,
      isCurrent: false,
      checked: null
    }));
}

function groupOf(row: IRow): GroupName {
  const environment = row.environment;
  if (environment === null || environment.tensorflow) {
    return 'tensorflow';
  }
  const isUsable = environment.advice.every(item => item.severity !== 'error');
  return isUsable ? 'others' : 'unusable';
}

function matches(row: IRow, filter: string): boolean {
  const text = [
    row.name,
    row.prefix,
    row.environment?.tensorflow?.version,
    row.environment?.tensorflow?.variant,
    row.environment?.python
  ]
    .join(' ')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

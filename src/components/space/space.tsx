import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Disk, Job, PlanRequest } from '../../api/generated';
import { hasFailed } from '../../api/jobs';
import type { IFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import type { ICleanDraft } from '../../models/state/disk';
import { formatBytes } from '../../models/texts/units';
import type { Execute } from '../shared/execute';
import { Failure } from '../shared/failure';
import { JobFailure } from '../shared/jobFailure';
import { JobProgress } from '../shared/jobProgress';
import { CleanForm } from './cleanForm';

interface ISpaceProps {
  /** Null until the server has measured the disks. */
  readonly disk: Disk | null;
  readonly failure: IFailure | null;
  /** The names of the environments by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly draft: ICleanDraft;
  /** The job that frees space, or failed to. */
  readonly job: Job | null;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onDraft: (draft: ICleanDraft) => void;
  readonly onPlan: (request: PlanRequest) => void;
}

/** What takes the space: a bar and numbers for each environment and cache, and the form that frees some. */
export function Space(props: ISpaceProps): JSX.Element {
  const { disk, failure, names, job, trans, execute } = props;
  return (
    <div className="jp-TfenvBody jp-TfenvSpace">
      {job &&
        (hasFailed(job) ? (
          <JobFailure job={job} trans={trans} execute={execute} />
        ) : (
          <JobProgress
            job={job}
            trans={trans}
            onCancel={() => execute(CommandIDs.cancelJob, { job: job.id })}
          />
        ))}
      {failure && <Failure failure={failure} trans={trans} />}
      {!disk && !failure && (
        <p className="jp-TfenvBusy" role="status">
          {trans.__('Measuring…')}
        </p>
      )}
      {disk && (
        <>
          {disk.free_bytes !== null && (
            <p>{trans.__('%1 free', formatBytes(disk.free_bytes))}</p>
          )}
          {disk.left_out.length > 0 && (
            <p className="jp-TfenvHint">
              {trans.__(
                'Without these, which do not respond or cannot be read: %1',
                disk.left_out.map(name => placeName(name, trans)).join(', ')
              )}
            </p>
          )}
          <SpaceTable
            label={trans.__('Environments')}
            columns={[trans.__('Own'), trans.__('Shared')]}
            hint={trans.__(
              'Deleting an environment frees only its own files. The other files are shared with the package cache or other environments.'
            )}
            rows={disk.environments.map(each => ({
              name: names.get(each.id) ?? each.id,
              first: each.own_bytes,
              second: each.shared_bytes
            }))}
          />
          <SpaceTable
            label={trans.__('Caches')}
            columns={[trans.__('Not needed'), trans.__('Needed')]}
            rows={[...disk.caches]
              .sort((one, other) => other.bytes - one.bytes)
              .map(each => ({
                name: cacheName(each.name, trans),
                first: each.unused_bytes,
                second: each.bytes - each.unused_bytes
              }))}
          />
          <CleanForm
            disk={disk}
            draft={props.draft}
            trans={trans}
            onDraft={props.onDraft}
            onPlan={props.onPlan}
          />
        </>
      )}
    </div>
  );
}

interface ISpaceRow {
  readonly name: string;
  readonly first: number;
  readonly second: number;
}

/** Rows with a bar of two parts. The numbers beside it say the same to screen readers. */
function SpaceTable(props: {
  label: string;
  columns: readonly [string, string];
  hint?: string;
  rows: readonly ISpaceRow[];
}): JSX.Element | null {
  const most = Math.max(1, ...props.rows.map(row => row.first + row.second));
  const percent = (bytes: number): string =>
    `${((100 * bytes) / most).toFixed(1)}%`;
  return props.rows.length === 0 ? null : (
    <table className="jp-TfenvSpace-table" title={props.hint}>
      <caption>{props.label}</caption>
      <thead>
        <tr>
          <th scope="col" className="jp-sr-only">
            {props.label}
          </th>
          {props.columns.map((column, index) => (
            <th key={column} scope="col" data-part={index}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map(row => (
          <tr key={row.name}>
            <th scope="row">
              {row.name}
              <span className="jp-TfenvSpace-bar" aria-hidden="true">
                <span data-part="0" style={{ width: percent(row.first) }} />
                <span data-part="1" style={{ width: percent(row.second) }} />
              </span>
            </th>
            <td>{formatBytes(row.first)}</td>
            <td>{formatBytes(row.second)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cacheName(
  name: Disk['caches'][number]['name'],
  trans: TranslationBundle
): string {
  switch (name) {
    case 'packages':
      return trans.__('Package cache');
    case 'bytecode':
      return trans.__('Compiled Python files');
    case 'uv':
      return trans.__('Cache of uv (PyPI)');
  }
}

/** The name of an environment or of a cache among those that are left out; only a cache's name has spaces. */
function placeName(name: string, trans: TranslationBundle): string {
  const caches: Record<string, string> = {
    'the package cache': trans.__('the package cache'),
    'the compiled Python files': trans.__('the compiled Python files'),
    'the cache of uv': trans.__('the cache of uv')
  };
  return caches[name] ?? name;
}

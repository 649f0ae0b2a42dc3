import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type {
  Cluster,
  ClusterNode,
  Job,
  PlanRequest
} from '../../api/generated';
import type { Loaded } from '../../models/state/details';
import { failedNodes, nodeRows } from '../../models/texts/nodes';
import { Failure } from '../shared/failure';
import { IconButton } from '../shared/iconButton';
import { WorkerTable } from '../shared/workerTable';

export interface IClusterTabProps {
  /** Id of the environment. */
  readonly environment: string;
  readonly clusters: readonly Cluster[];
  /** Id of the chosen cluster. */
  readonly chosen: string;
  readonly nodes: Loaded<readonly ClusterNode[]>;
  /** The newest rollout or check of the environment on the chosen cluster, active or not. */
  readonly job: Job | null;
  readonly canPlan: boolean;
  readonly trans: TranslationBundle;
  readonly onChoose: (cluster: string) => void;
  readonly onRefresh: () => void;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onCheck: () => void;
}

/** The workers of a cluster, and the ways to bring the environment to them. */
export function ClusterTab(props: IClusterTabProps): JSX.Element {
  const { environment, clusters, chosen, nodes, job, trans, onPlan } = props;
  const [onlyInstall, setOnlyInstall] = React.useState(false);
  const isCheck = job?.kind === 'check';
  const failed = isCheck ? [] : failedNodes(job);
  const ended = job?.finished ?? null;
  // A rollout changes what the workers run.
  React.useEffect(() => props.onRefresh(), [chosen, ended]);
  const start = { kind: 'rollout', environment, cluster: chosen } as const;
  const rows = nodeRows(nodes?.value ?? [], job, trans);
  const canGoBack = nodes?.value?.some(node => node.can_go_back) ?? false;
  return (
    <>
      <div className="jp-TfenvCluster">
        {clusters.length > 1 ? (
          <select
            className="jp-mod-styled"
            aria-label={trans.__('Cluster')}
            value={chosen}
            onChange={event => props.onChoose(event.target.value)}
          >
            {clusters.map(cluster => (
              <option key={cluster.id} value={cluster.id}>
                {cluster.name}
              </option>
            ))}
          </select>
        ) : (
          <span>{clusters[0]?.name}</span>
        )}
        <IconButton
          icon={refreshIcon}
          label={trans.__('Ask the workers again')}
          onClick={props.onRefresh}
        />
      </div>
      {nodes === null && rows.length === 0 && (
        <p role="status">{trans.__('Loading…')}</p>
      )}
      {nodes?.error && <Failure failure={nodes.error} trans={trans} />}
      {nodes?.value?.length === 0 && (
        <p className="jp-TfenvEmpty">
          {trans.__('No workers yet. Start workers of this cluster.')}
        </p>
      )}
      {rows.length > 0 && <WorkerTable rows={rows} trans={trans} />}
      {isCheck &&
        job.warnings.map(({ code, message }) => <p key={code}>{message}</p>)}
      {props.canPlan && nodes?.value && nodes.value.length > 0 && (
        <>
          <label className="jp-TfenvCheckbox">
            <input
              type="checkbox"
              checked={onlyInstall}
              onChange={event => setOnlyInstall(event.target.checked)}
            />
            <span>{trans.__('Only install: do not restart the workers')}</span>
          </label>
          <div className="jp-TfenvCluster">
            <button
              type="button"
              className="jp-mod-styled jp-mod-accept"
              onClick={() =>
                onPlan({ ...start, mode: onlyInstall ? 'beside' : 'inside' })
              }
            >
              {trans.__('Review Rollout…')}
            </button>
            {failed.length > 0 && ended && (
              <button
                type="button"
                className="jp-mod-styled"
                onClick={() =>
                  onPlan({ ...start, mode: modeOf(job), nodes: failed })
                }
              >
                {trans.__('Retry Failed…')}
              </button>
            )}
            <button
              type="button"
              className="jp-mod-styled"
              title={trans.__(
                'Run TensorFlow on each worker that has the environment'
              )}
              onClick={props.onCheck}
            >
              {trans.__('Check Workers')}
            </button>
            {canGoBack && (
              <button
                type="button"
                className="jp-mod-styled"
                title={trans.__(
                  'Let the workers run what they ran before the last rollout'
                )}
                onClick={() => onPlan({ ...start, mode: 'back' })}
              >
                {trans.__('Go Back…')}
              </button>
            )}
          </div>
        </>
      )}
    </>
  );
}

function modeOf(job: Job | null): 'inside' | 'beside' | 'back' {
  return (job?.request?.kind === 'rollout' && job.request.mode) || 'inside';
}

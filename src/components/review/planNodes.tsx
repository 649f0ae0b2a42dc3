import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Plan } from '../../api/generated';
import { describeEntry } from '../../models/texts/nodes';
import { formatBytes } from '../../models/texts/units';
import { WorkerTable } from '../shared/workerTable';

/** What a rollout does on each worker: the impossible ones first. */
export function PlanNodes(props: {
  plan: Plan;
  trans: TranslationBundle;
}): JSX.Element {
  const { plan, trans } = props;
  const isImpossible = (node: Plan['nodes'][number]): boolean =>
    node.action === 'impossible';
  const nodes = [
    ...plan.nodes.filter(isImpossible),
    ...plan.nodes.filter(node => !isImpossible(node))
  ];
  const changing = nodes.filter(node =>
    ['install', 'enter'].includes(node.action)
  );
  return (
    <>
      <p className="jp-TfenvReview-summary">
        {trans._n(
          '%1 of %2 worker changes',
          '%1 of %2 workers change',
          changing.length,
          nodes.length
        )}
        {plan.download_bytes > 0 &&
          ` · ${trans.__('%1 to download in all', formatBytes(plan.download_bytes))}`}
      </p>
      <WorkerTable
        rows={nodes.map(node => ({
          name: node.name,
          text: describeEntry(node, trans),
          details: node.error?.details ?? null,
          hasFailed: isImpossible(node)
        }))}
        trans={trans}
      />
    </>
  );
}

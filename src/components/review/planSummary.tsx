import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Plan } from '../../api/generated';
import { isNothing } from '../../models/state/plans';
import { cleanableLabel, formatBytes } from '../../models/texts/units';

/** What a cleaning frees, by choice. */
export function Freed(props: {
  plan: Plan;
  trans: TranslationBundle;
}): JSX.Element {
  const { plan, trans } = props;
  return (
    <>
      <p className="jp-TfenvReview-summary">
        {isNothing(plan)
          ? trans.__('There is nothing to delete.')
          : trans.__('Frees %1', formatBytes(plan.freed_bytes))}
      </p>
      <table
        className="jp-TfenvEntries"
        aria-label={trans.__('What is deleted')}
      >
        <tbody>
          {plan.frees
            .filter(each => each.items > 0)
            .map(each => (
              <tr key={each.what}>
                <th scope="row">{cleanableLabel(each.what, trans)}</th>
                <td>{trans._n('%1 item', '%1 items', each.items)}</td>
                <td className="jp-TfenvEntries-size">
                  {formatBytes(each.bytes)}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </>
  );
}

/** "68 packages · 340 MB to download · adds 15 MB, shares 1.4 GB (41 GB free)" */
export function Summary(props: {
  plan: Plan;
  trans: TranslationBundle;
}): JSX.Element {
  const { plan, trans } = props;
  const isWhole = plan.sizes_complete;
  const atLeast = (bytes: number): string =>
    isWhole ? formatBytes(bytes) : trans.__('at least %1', formatBytes(bytes));
  const parts = [
    trans._n('%1 package', '%1 packages', plan.entries.length),
    plan.download_bytes > 0 || !isWhole
      ? trans.__('%1 to download', atLeast(plan.download_bytes))
      : trans.__('nothing to download'),
    trans.__('adds %1', atLeast(plan.added_bytes)) +
      (plan.shared_bytes > 0
        ? trans.__(', shares %1', formatBytes(plan.shared_bytes))
        : ''),
    plan.freed_bytes > 0 && trans.__('frees %1', formatBytes(plan.freed_bytes))
  ].filter(Boolean);
  const free = plan.free_bytes;
  return (
    <p className="jp-TfenvReview-summary">
      {parts.join(' · ')}
      {free !== null && ` (${trans.__('%1 free', formatBytes(free))})`}
      {plan.strategy !== 'swap' && (
        <span className="jp-TfenvHint">
          {trans.__(
            'This directory cannot be swapped in one step. If the change is interrupted, it is completed when Jupyter starts again.'
          )}
        </span>
      )}
    </p>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { INodeRow } from '../../models/texts/nodes';

/** The workers of a cluster, with what is said about each. */
export function WorkerTable(props: {
  rows: readonly INodeRow[];
  trans: TranslationBundle;
}): JSX.Element {
  const { rows, trans } = props;
  return (
    <table className="jp-TfenvPackages" aria-label={trans.__('Workers')}>
      <tbody>
        {rows.map(row => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td
              className={
                row.hasFailed ? 'jp-TfenvNode jp-mod-failed' : 'jp-TfenvNode'
              }
            >
              {row.text}
              {row.details && (
                <details>
                  <summary>{trans.__('Show Details')}</summary>
                  <pre tabIndex={0}>{row.details}</pre>
                </details>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

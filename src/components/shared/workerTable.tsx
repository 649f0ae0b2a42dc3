import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { INodeRow } from '../../models/texts/nodes';

/** The workers of a cluster, with what is said about each. */
export function WorkerTable(props: {
  rows: readonly INodeRow[];
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <table className="jp-TfenvPackages" aria-label={props.trans.__('Workers')}>
      <tbody>
        {props.rows.map(row => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td
              className={
                row.hasFailed ? 'jp-TfenvNode jp-mod-failed' : 'jp-TfenvNode'
              }
            >
              {row.text}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

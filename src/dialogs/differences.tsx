import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IComparison } from '../models/state/records';

/** What to do about an environment that differs from the notebook record; null for nothing. */
export type DifferenceAction = 'record' | 'recreate' | null;

/** Show the differences between an environment and a notebook record, and ask what to do about them. */
export async function showDifferences(
  comparison: IComparison,
  trans: TranslationBundle
): Promise<DifferenceAction> {
  const { differences, environment } = comparison;
  const answer = await showDialog({
    title: trans.__(
      'Differences Between %1 and the Notebook Record',
      environment.name
    ),
    body: (
      <div className="jp-TfenvDialog">
        <table className="jp-TfenvDifferences">
          <thead>
            <tr>
              <th scope="col">{trans.__('Package')}</th>
              <th scope="col">{trans.__('Recorded')}</th>
              <th scope="col">{trans.__('Installed')}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ name, recorded, installed }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{recorded ?? trans.__('none')}</td>
                <td>{installed ?? trans.__('none')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Close') }),
      Dialog.createButton({
        label: trans.__('Record Environment'),
        accept: false,
        actions: ['record']
      }),
      Dialog.okButton({
        label: trans.__('Recreate Environment…'),
        actions: ['recreate']
      })
    ],
    defaultButton: 0
  });
  const [action] = answer.button.actions;
  return action === 'record' || action === 'recreate' ? action : null;
}

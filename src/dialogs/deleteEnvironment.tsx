import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../api/generated';

/** Ask whether to delete an environment, naming what is lost. */
export async function confirmDelete(
  environment: Environment,
  trans: TranslationBundle
): Promise<boolean> {
  const { kernel, name, prefix } = environment;
  const answer = await showDialog({
    title: trans.__('Delete %1?', name),
    body: (
      <div className="jp-TfenvDialog">
        <p>{trans.__('This is lost, and cannot be brought back:')}</p>
        <ul>
          <li>
            {trans.__('the environment with all its packages and its history:')}
            <br />
            <code>{prefix}</code>
          </li>
          <li>{trans.__('every other file in that folder')}</li>
          {kernel && (
            <li>{trans.__('the kernel “%1”', kernel.display_name)}</li>
          )}
        </ul>
        <p>{trans.__('Notebooks stay; they will need another kernel.')}</p>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}

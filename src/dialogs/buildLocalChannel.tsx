import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** Ask whether to build a local channel, saying what that takes. */
export async function confirmLocalChannel(
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Build a local channel from PyPI?'),
    body: (
      <div className="jp-TfenvDialog">
        <p>
          {trans.__(
            'TensorFlow 2.19 and 2.20 for the CPU, with Python and all that they need, are taken from PyPI and packed as a conda channel on the server.'
          )}
        </p>
        <ul>
          <li>{trans.__('530 MB are downloaded.')}</li>
          <li>
            {trans.__(
              'It takes about two minutes, and 2 GB of disk, of which 1.1 GB stay.'
            )}
          </li>
        </ul>
        <p>
          {trans.__(
            'It is then used instead of the configured channels, until you go back to them. Environments stay as they are.'
          )}
        </p>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Build') })
    ]
  });
  return answer.button.accept;
}

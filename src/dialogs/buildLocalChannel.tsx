import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Status } from '../api/generated';
import { formatBytes } from '../models/texts/units';

/** Ask whether to build a local channel, and show what it costs. */
export async function confirmLocalChannel(
  localChannel: Status['local_channel'],
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Build a local channel?'),
    body: (
      <div className="jp-TfenvDialog">
        <p>
          {trans.__(
            'The server packs each Python version that is installed on its machine as a conda channel. TensorFlow and other packages then come from the package index (PyPI).'
          )}
        </p>
        <p>
          {trans.__(
            'Each Python version takes about %1 seconds and %2 of disk space. Nothing is downloaded.',
            localChannel.seconds,
            formatBytes(localChannel.bytes)
          )}
        </p>
        <p>
          {trans.__(
            'The server then uses this channel instead of the configured channels, until you switch back. Existing environments do not change.'
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

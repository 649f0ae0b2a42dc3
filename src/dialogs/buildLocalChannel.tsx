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
  const { releases, minutes } = localChannel;
  const answer = await showDialog({
    title: trans.__('Build a local channel from PyPI?'),
    body: (
      <div className="jp-TfenvDialog">
        <p>
          {trans.__(
            'The server downloads TensorFlow %1 (CPU builds) and its dependencies from PyPI, adds Python, and packs everything as a conda channel.',
            releases.join(', ')
          )}
        </p>
        <ul>
          <li>
            {trans.__('Download: %1', formatBytes(localChannel.download_bytes))}
          </li>
          <li>{trans.__('Time: about %1 minutes', minutes)}</li>
          <li>
            {trans.__(
              'Disk space: %1 during the build, %2 afterwards',
              formatBytes(localChannel.build_bytes),
              formatBytes(localChannel.kept_bytes)
            )}
          </li>
        </ul>
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

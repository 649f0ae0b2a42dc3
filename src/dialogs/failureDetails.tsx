import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFailure } from '../request';

/** Show a failure, or a job's log, at full length. */
export async function showDetails(
  title: string,
  message: string,
  details: string | null,
  trans: TranslationBundle
): Promise<void> {
  await showDialog({
    title,
    body: (
      <div className="jp-TfenvDialog">
        <p>{message}</p>
        {details && <pre tabIndex={0}>{details}</pre>}
      </div>
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

/** Tell of a failure that no screen shows. */
export function notifyFailure(
  title: string,
  failure: IFailure,
  trans: TranslationBundle
): void {
  Notification.error(failure.message, {
    autoClose: 5000,
    actions: failure.details
      ? [
          {
            label: trans.__('Show details'),
            callback: () => {
              void showDetails(title, failure.message, failure.details, trans);
            }
          }
        ]
      : []
  });
}

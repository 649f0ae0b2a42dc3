import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFailure } from '../api/request';
import { toldOf } from '../models/texts/announcements';

/** Show a failure, or a job's log, at full length. */
export async function showDetails(
  title: string,
  { message, hint, details }: Omit<IFailure, 'reason'>,
  trans: TranslationBundle
): Promise<void> {
  await showDialog({
    title,
    body: (
      <div className="jp-TfenvDialog">
        {message && <p>{message}</p>}
        {hint && <p>{hint}</p>}
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
  Notification.error(toldOf(failure), {
    autoClose: 5000,
    actions: failure.details
      ? [
          {
            label: trans.__('Show details'),
            callback: () => {
              void showDetails(title, failure, trans);
            }
          }
        ]
      : []
  });
}

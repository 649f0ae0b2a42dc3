import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFailure } from '../api/request';
import { messageWithHint } from '../models/texts/announcements';

/** Show an error with its details, or a job's log, in a dialog. */
export async function showDetails(
  title: string,
  { message, hint, details }: Pick<IFailure, 'message' | 'hint' | 'details'>,
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

/** Say that the environment of a command was deleted, for example in a terminal. */
export function notifyGone(trans: TranslationBundle): void {
  Notification.warning(trans.__('This environment no longer exists.'), {
    autoClose: 5000
  });
}

/** Show an error in a notification, if no screen shows it. */
export function notifyFailure(
  title: string,
  failure: IFailure,
  trans: TranslationBundle
): void {
  Notification.error(messageWithHint(failure), {
    autoClose: 5000,
    actions: failure.details
      ? [
          {
            label: trans.__('Show Details'),
            callback: () => {
              void showDetails(title, failure, trans);
            }
          }
        ]
      : []
  });
}

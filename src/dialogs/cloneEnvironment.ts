import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../api/generated';
import { freeName } from '../models/naming';

/** Ask for the name of a copy; null when the user thinks better of it. */
export async function askCloneName(
  environment: Environment,
  taken: ReadonlySet<string>,
  trans: TranslationBundle
): Promise<string | null> {
  const answer = await InputDialog.getText({
    title: trans.__('Clone %1', environment.name),
    label: trans.__('Name of the copy'),
    text: freeName(`${environment.name}-copy`, taken),
    okLabel: trans.__('Review')
  });
  return answer.button.accept ? answer.value : null;
}

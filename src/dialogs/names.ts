import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../api/generated';
import { freeName } from '../models/form/naming';

/** Ask for the name of a copy; null if the user cancels. */
export async function askCopyName(
  environment: Environment,
  taken: ReadonlySet<string>,
  trans: TranslationBundle
): Promise<string | null> {
  return ask(
    trans.__('Copy %1', environment.name),
    trans.__('Name of the copy'),
    freeName(`${environment.name}-copy`, taken),
    trans
  );
}

/** Ask for a new name of an environment; null if the user cancels or keeps the name. */
export async function askNewName(
  environment: Environment,
  trans: TranslationBundle
): Promise<string | null> {
  const name = await ask(
    trans.__('Rename %1', environment.name),
    trans.__('New name'),
    environment.name,
    trans
  );
  return name === environment.name ? null : name;
}

async function ask(
  title: string,
  label: string,
  text: string,
  trans: TranslationBundle
): Promise<string | null> {
  const okLabel = trans.__('Review Plan…');
  const answer = await InputDialog.getText({ title, label, text, okLabel });
  return answer.button.accept ? answer.value : null;
}

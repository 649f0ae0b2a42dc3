import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';

/** Return why an environment can never be changed from here; null if it can. */
export function refusalOf(
  environment: Environment,
  trans: TranslationBundle
): string | null {
  return (
    environment.protected_reason ??
    (environment.protected || !environment.writable
      ? trans.__('You do not have permission to change this environment.')
      : null)
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';

/** Whether an environment can never be changed from here, only copied. */
export function isProtected(environment: Environment): boolean {
  return environment.protected || !environment.writable;
}

/** Return why an environment can never be changed from here; null if it can. */
export function refusalOf(
  environment: Environment,
  trans: TranslationBundle
): string | null {
  return (
    environment.protected_reason ??
    (isProtected(environment)
      ? trans.__('You do not have permission to change this environment.')
      : null)
  );
}

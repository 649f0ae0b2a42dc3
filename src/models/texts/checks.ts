import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';

/** What is known of whether TensorFlow works in an environment; null where there is none to work. */
export type CheckState = 'checking' | 'ok' | 'problems' | 'unchecked' | null;

export function checkState(
  environment: Environment,
  isChecking: boolean
): CheckState {
  const { check, tensorflow } = environment;
  if (tensorflow === null) {
    return null;
  }
  if (isChecking) {
    return 'checking';
  }
  if (check === null || check.outdated) {
    return 'unchecked';
  }
  return check.ok ? 'ok' : 'problems';
}

/** A check state in words. */
export function describeCheck(
  environment: Environment,
  state: NonNullable<CheckState>,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'checking':
      return trans.__('Being checked');
    case 'ok':
      return trans.__('Checked: it works');
    case 'problems':
      return trans.__('Checked: it has problems');
    case 'unchecked':
      return environment.check === null
        ? trans.__('Not checked yet')
        : trans.__('Not checked since its last change');
  }
}

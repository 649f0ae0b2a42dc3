import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';

/** Whether TensorFlow is known to work in an environment; null if the environment has no TensorFlow. */
export type CheckState = 'checking' | 'ok' | 'problems' | 'unchecked' | null;

/** Return the check state of an environment. */
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

/** Describe a check state. */
export function describeCheck(
  environment: Environment,
  state: NonNullable<CheckState>,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'checking':
      return trans.__('Checking…');
    case 'ok':
      return trans.__('TensorFlow works');
    case 'problems':
      return trans.__('TensorFlow has problems');
    case 'unchecked':
      return environment.check === null
        ? trans.__('Not checked yet')
        : trans.__('Not checked since the last change');
  }
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Limits } from '../../api/generated';
import { minorVersionOf } from '../texts/versions';

/** Propose an unused name for an environment with a TensorFlow version: tf219 for 2.19.1. */
export function proposeName(
  version: string,
  taken: ReadonlySet<string>
): string {
  return freeName(`tf${minorVersionOf(version).replace('.', '')}`, taken);
}

/** Return the first of `stem`, `stem-2`, `stem-3` … that is not taken. */
export function freeName(stem: string, taken: ReadonlySet<string>): string {
  let name = stem;
  for (let i = 2; taken.has(name); i++) {
    name = `${stem}-${i}`;
  }
  return name;
}

/**
 * Describe what is wrong with a name while it is typed. The server checks it again.
 *
 * @param limits - The server's rules for names; null until it responds.
 * @returns null if the name is valid.
 */
export function nameProblem(
  name: string,
  taken: ReadonlySet<string>,
  limits: Limits | null,
  trans: TranslationBundle
): string | null {
  if (name === '') {
    return trans.__('Enter a name.');
  }
  if (taken.has(name)) {
    return trans.__('An environment with this name already exists.');
  }
  if (limits === null) {
    return null;
  }
  if (name.length > limits.name_length) {
    return trans.__(
      'The name has %1 characters. The limit is %2.',
      name.length,
      limits.name_length
    );
  }
  if (!new RegExp(limits.name_pattern).test(name)) {
    return limits.name_hint;
  }
  if (limits.reserved_names.includes(name.split('.')[0].toLowerCase())) {
    return trans.__('“%1” is a reserved name.', name);
  }
  return null;
}

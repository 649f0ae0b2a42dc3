import type { TranslationBundle } from '@jupyterlab/translation';

import type { Limits } from '../../api/generated';
import { seriesOf } from '../texts/versions';

/** The name to propose for an environment with this TensorFlow: tf219 for 2.19.1. */
export function proposeName(
  version: string,
  taken: ReadonlySet<string>
): string {
  return freeName(`tf${seriesOf(version).replace('.', '')}`, taken);
}

/** The first of `base`, `base-2`, `base-3` … that is not taken. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let i = 2; taken.has(name); i++) {
    name = `${base}-${i}`;
  }
  return name;
}

/**
 * What is wrong with a name, as far as it can be known while typing; the server has the last word.
 *
 * @param limits - The server's rule; null while it has not answered.
 */
export function nameProblem(
  name: string,
  taken: ReadonlySet<string>,
  limits: Limits | null,
  trans: TranslationBundle
): string | null {
  if (name === '') {
    return trans.__('A name is needed.');
  }
  if (taken.has(name)) {
    return trans.__('There is an environment of this name.');
  }
  if (limits === null) {
    return null;
  }
  if (name.length > limits.name_length) {
    return trans.__('A name has at most %1 characters.', limits.name_length);
  }
  if (!new RegExp(limits.name_pattern).test(name)) {
    return trans.__(
      'Use letters, digits, “_”, “-”, “+” and “.”. Begin with a letter, a digit or “_”, and do not end with “.”.'
    );
  }
  if (limits.reserved_names.includes(name.split('.')[0].toLowerCase())) {
    return trans.__('%1 is a reserved name.', name);
  }
  return null;
}

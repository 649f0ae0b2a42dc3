import type { TranslationBundle } from '@jupyterlab/translation';

import { seriesOf } from './versions';

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
 */
export function nameProblem(
  name: string,
  taken: ReadonlySet<string>,
  trans: TranslationBundle
): string | null {
  if (name === '') {
    return trans.__('A name is needed.');
  }
  if (taken.has(name)) {
    return trans.__('There is an environment of this name.');
  }
  // The characters that conda refuses, and those that no directory on Windows may have.
  if (/[\s/\\:#<>"|?*]/.test(name) || /^\.+$/.test(name)) {
    return trans.__('A name has no spaces and none of / \\ : # < > " | ? *');
  }
  return null;
}

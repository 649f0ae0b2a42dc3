import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** Runs a command of the extension. */
export type Execute = (
  command: string,
  args?: ReadonlyPartialJSONObject
) => void;

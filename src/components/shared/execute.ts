import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** A function that runs a command of the extension. */
export type Execute = (
  command: string,
  args?: ReadonlyPartialJSONObject
) => void;

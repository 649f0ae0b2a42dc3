import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';

/** Return the sentence about a shared environment: who shares it, and since when. */
export function describeShared(
  shared: NonNullable<Environment['shared']>,
  trans: TranslationBundle
): string {
  const date =
    shared.published && new Date(shared.published).toLocaleDateString();
  if (date) {
    return shared.by
      ? trans.__('Shared, read-only: published by %1 on %2', shared.by, date)
      : trans.__('Shared, read-only: published on %1', date);
  }
  return shared.by
    ? trans.__('Shared, read-only: belongs to %1', shared.by)
    : trans.__('Shared, read-only');
}

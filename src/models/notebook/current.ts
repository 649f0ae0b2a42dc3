import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment } from '../../api/generated';
import { variantLabel } from '../form/choices';

/** Describe the environment of a notebook in one line: "tf219 · TensorFlow 2.19.0 · CPU". */
export function describeCurrent(
  environment: Environment,
  trans: TranslationBundle
): string {
  const { name, tensorflow } = environment;
  if (!tensorflow) {
    return [name, trans.__('no TensorFlow')].join(' · ');
  }
  const { version, variant } = tensorflow;
  return [
    name,
    trans.__('TensorFlow %1', version),
    ...(variant ? [variantLabel(variant)] : [])
  ].join(' · ');
}

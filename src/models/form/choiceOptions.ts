import type { TranslationBundle } from '@jupyterlab/translation';

import type { Catalog, Release, Variant } from '../../api/generated';
import { compareVersions, minorVersionOf } from '../texts/versions';
import type { IChoice } from './choices';
import {
  KERAS_2,
  cudaOf,
  fitting,
  isFromIndex,
  isKeras2,
  isPossible,
  kerasVersions,
  pythons,
  releaseOf,
  sourcesOf,
  usable,
  variantLabel,
  variantOf
} from './choices';

/** The name of the package index, which is not translated. */
export const PYPI = 'PyPI';

/** An option of a field. */
export interface IOption {
  readonly value: string;
  readonly label: string;
  /** Why it cannot be chosen; null if it can. */
  readonly reason: string | null;
}

/** List the releases, newest first. The label says if a release comes from PyPI. */
export function releaseOptions(
  catalog: Catalog,
  cuda: string | null,
  trans: TranslationBundle
): IOption[] {
  return catalog.releases.map(release => ({
    value: release.version,
    label: release.recommended
      ? trans.__(
          '%1 (recommended)',
          withSource(release.version, offeredBy(release, cuda))
        )
      : withSource(release.version, offeredBy(release, cuda)),
    reason: isPossible(cuda)(release)
      ? null
      : (release.variants.filter(variant => variant.reason).pop()?.reason ??
        trans.__('not available on this machine'))
  }));
}

/** List Auto, CPU and CUDA for a release. The label of Auto names the variant that it selects. */
export function hardwareOptions(
  release: Release,
  choice: IChoice,
  trans: TranslationBundle
): IOption[] {
  const auto = variantOf(release, { ...choice, hardware: 'auto' });
  return [
    {
      value: 'auto',
      label: auto
        ? trans.__('Auto: %1', variantLabel(auto.name))
        : trans.__('Auto'),
      reason: null
    },
    {
      value: 'cpu',
      label: trans.__('CPU'),
      reason: whyNot(release, 'cpu', choice.cuda, trans)
    },
    {
      value: 'cuda',
      label: trans.__('CUDA'),
      reason: whyNot(release, 'cuda', choice.cuda, trans)
    }
  ];
}

/**
 * List the sources that a choice can be installed from.
 *
 * @param channels - The label of the source conda.
 */
export function sourceOptions(
  release: Release,
  choice: IChoice,
  channels: string
): IOption[] {
  return sourcesOf(release, choice).map(source => ({
    value: source,
    label: source === 'pypi' ? PYPI : channels,
    reason: null
  }));
}

/**
 * List the Keras that TensorFlow brings, Keras 2, and the versions of Keras 3 that fit a choice.
 *
 * @returns an empty list if there is nothing to choose.
 */
export function kerasOptions(
  release: Release,
  choice: IChoice,
  trans: TranslationBundle
): IOption[] {
  const found = kerasVersions(release, choice);
  if (found.length === 0) {
    return [];
  }
  const legacy = found.find(isKeras2);
  const versions = found.filter(item => !isKeras2(item));
  return [
    {
      value: '',
      label:
        versions.length > 0
          ? trans.__('Keras 3, newest that fits (%1)', versions[0].version)
          : trans.__('Keras 3, newest that fits'),
      reason: null
    },
    {
      value: KERAS_2,
      label: legacy
        ? trans.__('Keras 2 (tf-keras %1)', legacy.version)
        : trans.__('Keras 2'),
      reason: legacy
        ? null
        : trans.__(
            'tf-keras is not available for TensorFlow %1',
            minorVersionOf(release.version)
          )
    },
    ...versions.map(({ version }) => ({
      value: version,
      label: trans.__('Keras %1', version),
      reason: null
    }))
  ];
}

/** List the Python versions of all releases, newest first. The label says if only PyPI has the release for one. */
export function pythonOptions(
  catalog: Catalog,
  choice: IChoice,
  trans: TranslationBundle
): IOption[] {
  const release = releaseOf(catalog, choice.version);
  const possible = release
    ? pythons(release, choice.hardware, choice.cuda)
    : [];
  const all = new Set(catalog.releases.flatMap(item => item.python));
  const isMixed = release && !isFromIndex(offeredBy(release, choice.cuda));
  return [...all]
    .sort((a, b) => compareVersions(b, a))
    .map(python => ({
      value: python,
      label: isMixed
        ? withSource(python, fitting(release, { ...choice, python }))
        : python,
      reason: possible.includes(python)
        ? null
        : whyNotPython(release, choice, python, trans)
    }));
}

/** List the variants of a release that can be installed; all if none can. */
function offeredBy(release: Release, cuda: string | null): readonly Variant[] {
  const found = usable(release, 'auto', cuda);
  return found.length > 0 ? found : release.variants;
}

/** "2.21.0 · PyPI" if only PyPI has it; a channel is not named. */
function withSource(text: string, variants: readonly Variant[]): string {
  return isFromIndex(variants) ? `${text} · ${PYPI}` : text;
}

function whyNot(
  release: Release,
  hardware: 'cpu' | 'cuda',
  cuda: string | null,
  trans: TranslationBundle
): string | null {
  if (usable(release, hardware, cuda).length > 0) {
    return null;
  }
  const isCuda = hardware === 'cuda';
  const variants = release.variants.filter(
    variant => (cudaOf(variant.name) !== null) === isCuda
  );
  if (variants.length === 0) {
    return isCuda
      ? trans.__('TensorFlow %1 has no CUDA build', release.version)
      : trans.__('TensorFlow %1 has no CPU build', release.version);
  }
  if (isCuda && cuda !== null) {
    return trans.__('needs a newer CUDA version than %1', cuda);
  }
  return variants[0].reason ?? trans.__('not available on this machine');
}

function whyNotPython(
  release: Release | undefined,
  choice: IChoice,
  python: string,
  trans: TranslationBundle
): string {
  if (!release?.python.includes(python)) {
    return trans.__('not available with TensorFlow %1', choice.version);
  }
  const blocked = release.variants
    .flatMap(variant => variant.blocked)
    .find(item => item.python === python);
  return blocked?.reason ?? trans.__('not available with this hardware');
}

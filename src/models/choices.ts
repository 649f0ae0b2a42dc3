import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  Catalog,
  CreateRequest,
  Release,
  Variant
} from '../api/generated';
import { compareVersions, seriesOf } from './versions';

/** What the hardware field asks for. */
export type Hardware = 'auto' | 'cpu' | 'cuda';

/** What is chosen in the form of a new environment: always a combination that exists. */
export interface IChoice {
  /** A release of the catalog. */
  readonly version: string;
  readonly hardware: Hardware;
  /** Solve as if the driver supported this CUDA version; null takes the machine as it is. */
  readonly cuda: string | null;
  /** Major.minor. */
  readonly python: string;
}

/** One thing that can be picked, or the words why it cannot. */
export interface IOption {
  readonly value: string;
  readonly label: string;
  /** Null when it can be chosen. */
  readonly reason: string | null;
}

/**
 * The choice to begin with: the recommended release, the machine as it is, the newest Python that fits.
 *
 * @returns null where nothing of the catalog can be installed here.
 */
export function initialChoice(catalog: Catalog): IChoice | null {
  const possible = catalog.releases.filter(isPossible(null));
  const release = possible.find(item => item.recommended) ?? possible[0];
  return release ? settle(release, 'auto', null, null) : null;
}

/**
 * Change one field of a choice and bring the others to what exists together with it.
 *
 * Whatever still fits is kept; a release that is no longer possible gives way to the recommended one.
 */
export function revise(
  catalog: Catalog,
  choice: IChoice,
  change: Partial<IChoice>
): IChoice {
  const wanted = { ...choice, ...change };
  const release = releaseOf(catalog, wanted.version);
  if (!release || !isPossible(wanted.cuda)(release)) {
    return initialChoice(catalog) ?? choice;
  }
  return settle(release, wanted.hardware, wanted.cuda, wanted.python);
}

/** The releases, newest first. */
export function releaseOptions(
  catalog: Catalog,
  cuda: string | null,
  trans: TranslationBundle
): IOption[] {
  return catalog.releases.map(release => ({
    value: release.version,
    label: release.recommended
      ? trans.__('%1 (recommended)', release.version)
      : release.version,
    reason: isPossible(cuda)(release)
      ? null
      : (release.variants.find(variant => variant.reason)?.reason ??
        trans.__('not for this machine'))
  }));
}

/** Auto, CPU and CUDA for a release; the label of Auto says what it comes to. */
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

/** Every Python that any release has, newest first. */
export function pythonOptions(
  catalog: Catalog,
  choice: IChoice,
  trans: TranslationBundle
): IOption[] {
  const release = releaseOf(catalog, choice.version);
  const possible = release
    ? pythons(usable(release, choice.hardware, choice.cuda))
    : [];
  const all = new Set(catalog.releases.flatMap(item => item.python));
  return [...all]
    .sort((a, b) => compareVersions(b, a))
    .map(python => ({
      value: python,
      label: python,
      reason: possible.includes(python)
        ? null
        : release?.python.includes(python)
          ? trans.__('not with this hardware choice')
          : trans.__('not with TensorFlow %1', choice.version)
    }));
}

/** The CUDA versions of a release's builds, newest first: what a driver may be taken to support. */
export function cudaVersions(release: Release): string[] {
  return release.variants
    .map(variant => cudaOf(variant.name))
    .filter((version): version is string => version !== null)
    .sort((a, b) => compareVersions(b, a));
}

/** The variant that a choice comes to: the newest CUDA that fits, else CPU. */
export function variantOf(release: Release, choice: IChoice): Variant | null {
  const fitting = usable(release, choice.hardware, choice.cuda).filter(
    variant => variant.python.includes(choice.python)
  );
  return fitting[0] ?? null;
}

/** `cpu` and `cuda12.6` as a person writes them. */
export function variantLabel(name: string): string {
  const cuda = cudaOf(name);
  return cuda === null ? name.toUpperCase() : `CUDA ${cuda}`.trim();
}

export function releaseOf(
  catalog: Catalog,
  version: string
): Release | undefined {
  return catalog.releases.find(release => release.version === version);
}

/** The request for a choice. The newest release of a series is asked for as the series, so that fixes can come. */
export function createRequest(
  catalog: Catalog,
  choice: IChoice,
  rest: { name: string; packages: readonly string[]; keras: boolean }
): CreateRequest {
  const series = seriesOf(choice.version);
  const newest = catalog.releases
    .map(release => release.version)
    .filter(version => seriesOf(version) === series)
    .sort(compareVersions)
    .pop();
  return {
    kind: 'create',
    ...rest,
    tensorflow: newest === choice.version ? `${series}.*` : choice.version,
    python: choice.python,
    variant: choice.hardware,
    cuda: choice.cuda
  };
}

function settle(
  release: Release,
  hardware: Hardware,
  cuda: string | null,
  python: string | null
): IChoice {
  const kept = usable(release, hardware, cuda).length > 0 ? hardware : 'auto';
  const possible = pythons(usable(release, kept, cuda));
  return {
    version: release.version,
    hardware: kept,
    cuda,
    python: python !== null && possible.includes(python) ? python : possible[0]
  };
}

function isPossible(cuda: string | null): (release: Release) => boolean {
  return release => usable(release, 'auto', cuda).length > 0;
}

/** Variants that can be installed, newest CUDA first and CPU last. An assumed CUDA version replaces the driver's. */
function usable(
  release: Release,
  hardware: Hardware,
  cuda: string | null
): Variant[] {
  return release.variants
    .filter(variant => {
      const needs = cudaOf(variant.name);
      const wanted =
        hardware === 'auto' || (hardware === 'cuda') === (needs !== null);
      const fits =
        needs !== null && cuda !== null
          ? compareVersions(needs, cuda) <= 0
          : variant.installable;
      return wanted && fits && variant.python.length > 0;
    })
    .sort((a, b) =>
      compareVersions(cudaOf(b.name) ?? '0', cudaOf(a.name) ?? '0')
    );
}

function pythons(variants: readonly Variant[]): string[] {
  const all = new Set(variants.flatMap(variant => variant.python));
  return [...all].sort((a, b) => compareVersions(b, a));
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
    return trans.__('its builds need a newer CUDA than %1', cuda);
  }
  return variants[0].reason ?? trans.__('not for this machine');
}

/** The CUDA version in a variant's name, null for cpu. */
function cudaOf(name: string): string | null {
  return name.startsWith('cuda') ? name.slice(4) : null;
}

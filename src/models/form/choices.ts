import type {
  Catalog,
  CreateRequest,
  KerasVersion,
  Release,
  Source,
  Variant
} from '../../api/generated';
import { compareVersions, minorVersionOf } from '../texts/versions';

/** What requests Keras 2, in contrast to a version of Keras 3. */
export const KERAS_2 = '2';

/** A value of the hardware field. */
export type Hardware = 'auto' | 'cpu' | 'cuda';

/** The values of the new-environment form: always a combination that can be installed. */
export interface IChoice {
  /** A release of the catalog. */
  readonly version: string;
  readonly hardware: Hardware;
  /** The CUDA version that the driver is assumed to support; null for the detected one. */
  readonly cuda: string | null;
  /** Minor version, such as 3.11. */
  readonly python: string;
  /** Where TensorFlow comes from, if the user chose it; null leaves the choice to the server. */
  readonly source: Source | null;
  /** Keras 2 or a version of Keras 3, if the user chose it; null for the Keras that TensorFlow brings. */
  readonly keras: string | null;
}

/** The fields that decide which variants a choice admits. */
type Admission = Pick<IChoice, 'hardware' | 'cuda' | 'python'>;

/**
 * Return the initial choice: the recommended release, the detected hardware and the newest Python that fits.
 *
 * @param cuda - The CUDA version that the driver is assumed to support.
 * @returns null if no release of the catalog can be installed on this machine.
 */
export function initialChoice(
  catalog: Catalog,
  cuda: string | null = null
): IChoice | null {
  const possible = catalog.releases.filter(isPossible(cuda));
  const release = possible.find(item => item.recommended) ?? possible[0];
  return release ? settle(release, { hardware: 'auto', cuda }) : null;
}

/**
 * Change fields of a choice, and adjust the others to a combination that can be installed.
 *
 * Values that still fit are kept. A release that can no longer be installed is replaced by the recommended one.
 */
export function revise(
  catalog: Catalog,
  choice: IChoice,
  change: Partial<IChoice>
): IChoice {
  const changed = { ...choice, ...change };
  const release = releaseOf(catalog, changed.version);
  if (!release || !isPossible(changed.cuda)(release)) {
    return initialChoice(catalog) ?? choice;
  }
  return settle(release, changed);
}

/** Return the catalog without prereleases, unless the form shows them. */
export function offered(catalog: Catalog, prereleases: boolean): Catalog {
  return prereleases
    ? catalog
    : {
        ...catalog,
        releases: catalog.releases.filter(release => !release.prerelease)
      };
}

/** List the CUDA versions of the releases' builds, newest first. */
export function cudaVersions(releases: readonly Release[]): string[] {
  const versions = releases
    .flatMap(release => release.variants)
    .map(variant => cudaOf(variant.name))
    .filter((version): version is string => version !== null);
  return [...new Set(versions)].sort((a, b) => compareVersions(b, a));
}

/** Return the newest CUDA version of a release that has CUDA builds but none for this machine; else null. */
export function missingCuda(release: Release): string | null {
  return usable(release, 'cuda', null).length === 0
    ? (cudaVersions([release])[0] ?? null)
    : null;
}

/** Return the variant that a choice selects: the first of its source that fits. */
export function variantOf(
  release: Release,
  choice: Admission & Pick<IChoice, 'source'>
): Variant | null {
  const { source } = choice;
  const found = fitting(release, choice).find(
    item => source === null || item.source === source
  );
  return found ?? null;
}

/** List the sources that a choice can be installed from. The first is the one that the server chooses. */
export function sourcesOf(release: Release, choice: Admission): Source[] {
  return [...new Set(fitting(release, choice).map(item => item.source))];
}

/** List the versions of Keras that fit a choice, newest first and Keras 2 last; none if there is nothing to choose. */
export function kerasVersions(
  release: Release,
  choice: Admission & Pick<IChoice, 'source'>
): KerasVersion[] {
  const source = variantOf(release, choice)?.source;
  return release.keras_versions.filter(
    item => item.source === source && item.python.includes(choice.python)
  );
}

/** Whether a version of Keras is Keras 2, which is the package tf-keras. */
export function isKeras2({ version }: KerasVersion): boolean {
  return version.startsWith('2.');
}

/** Whether everything in a list of variants comes from PyPI. */
export function isFromIndex(variants: readonly Variant[]): boolean {
  return variants.length > 0 && variants.every(item => item.source === 'pypi');
}

/** List the variants that a choice admits, in the server's order of preference. */
export function fitting(release: Release, choice: Admission): Variant[] {
  return usable(release, choice.hardware, choice.cuda).filter(variant =>
    pythonsOf(variant, choice.cuda).includes(choice.python)
  );
}

/** Format a variant's name: CPU for `cpu`, CUDA 12.6 for `cuda12.6`. */
export function variantLabel(name: string): string {
  const cuda = cudaOf(name);
  return cuda === null ? name.toUpperCase() : `CUDA ${cuda}`.trim();
}

/** Read the variant from a build string of conda-forge (cpu_py311…, cuda126py312…); null for others. */
export function variantOfBuild(build: string): string | null {
  const match = /^(?:(cpu)_|cuda(\d+)(\d)py)/.exec(build);
  return match && (match[1] ?? `cuda${match[2]}.${match[3]}`);
}

/** Find the release with a version. */
export function releaseOf(
  catalog: Catalog,
  version: string
): Release | undefined {
  return catalog.releases.find(release => release.version === version);
}

/** Build the request for a choice. The newest release of a minor version is requested as 2.19.*, to allow patch updates. */
export function createRequest(
  catalog: Catalog,
  choice: IChoice,
  rest: { name: string; packages: readonly string[] }
): CreateRequest {
  const minorVersion = minorVersionOf(choice.version);
  const newest = offered(catalog, false)
    .releases.map(release => release.version)
    .filter(version => minorVersionOf(version) === minorVersion)
    .sort(compareVersions)
    .pop();
  return {
    kind: 'create',
    ...rest,
    tensorflow:
      newest === choice.version ? `${minorVersion}.*` : choice.version,
    python: choice.python,
    variant: choice.hardware,
    cuda: choice.cuda,
    ...(choice.keras && { keras: choice.keras }),
    ...(choice.source && { source: choice.source })
  };
}

/** Return a choice for a release that keeps the wanted values as far as they fit. */
function settle(
  release: Release,
  wanted: Pick<IChoice, 'hardware' | 'cuda'> & Partial<IChoice>
): IChoice {
  const { hardware, cuda, python, keras = null } = wanted;
  const kept = usable(release, hardware, cuda).length > 0 ? hardware : 'auto';
  const possible = pythons(release, kept, cuda);
  const settled = {
    version: release.version,
    hardware: kept,
    cuda,
    python: python && possible.includes(python) ? python : possible[0]
  };
  // With one source there is nothing to choose.
  const hasSources = sourcesOf(release, settled).length > 1;
  const source = hasSources ? (wanted.source ?? null) : null;
  const isOffered = kerasVersions(release, { ...settled, source }).some(
    item => keras === (isKeras2(item) ? KERAS_2 : item.version)
  );
  return { ...settled, source, keras: isOffered ? keras : null };
}

/** Whether a release can be installed, given the assumed CUDA version. */
export function isPossible(cuda: string | null): (release: Release) => boolean {
  return release => usable(release, 'auto', cuda).length > 0;
}

/** List the variants that can be installed, in the server's order of preference. */
export function usable(
  release: Release,
  hardware: Hardware,
  cuda: string | null
): Variant[] {
  return release.variants
    .filter(variant => {
      const isCuda = cudaOf(variant.name) !== null;
      return hardware === 'auto' || (hardware === 'cuda') === isCuda;
    })
    .filter(variant => pythonsOf(variant, cuda).length > 0);
}

/**
 * List the Python versions with which a variant can be installed.
 *
 * The catalog's answer is for the detected driver. With an assumed CUDA version, only that version decides.
 */
export function pythonsOf(variant: Variant, cuda: string | null): string[] {
  const needs = cudaOf(variant.name);
  if (needs !== null && cuda !== null) {
    // A driver runs all CUDA versions with its major version. The channels' builds are stricter than PyPI's.
    const least =
      variant.source === 'pypi' ? `${needs.split('.')[0]}.0` : needs;
    if (compareVersions(least, cuda) > 0) {
      return [];
    }
    if (!variant.installable) {
      return [...variant.python];
    }
  }
  const blocked = new Set(variant.blocked.map(item => item.python));
  return variant.installable
    ? variant.python.filter(python => !blocked.has(python))
    : [];
}

/** List the Python versions that fit a release and a hardware choice, newest first. */
export function pythons(
  release: Release,
  hardware: Hardware,
  cuda: string | null
): string[] {
  const all = usable(release, hardware, cuda).flatMap(variant =>
    pythonsOf(variant, cuda)
  );
  return [...new Set(all)].sort((a, b) => compareVersions(b, a));
}

/** Read the CUDA version from a variant's name; null for cpu. */
export function cudaOf(name: string): string | null {
  return name.startsWith('cuda') ? name.slice(4) : null;
}

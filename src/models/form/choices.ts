import type {
  Catalog,
  CreateRequest,
  Release,
  Variant
} from '../../api/generated';
import { compareVersions, seriesOf } from '../texts/versions';

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

/**
 * The choice to begin with: the recommended release, the machine as it is, the newest Python that fits.
 *
 * @param cuda - Take the machine's driver to support this version.
 * @returns null where nothing of the catalog can be installed here.
 */
export function initialChoice(
  catalog: Catalog,
  cuda: string | null = null
): IChoice | null {
  const possible = catalog.releases.filter(isPossible(cuda));
  const release = possible.find(item => item.recommended) ?? possible[0];
  return release ? settle(release, 'auto', cuda, null) : null;
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

/** The catalog as the form offers it: without pre-releases, unless they are wanted. */
export function offered(catalog: Catalog, prereleases: boolean): Catalog {
  return prereleases
    ? catalog
    : {
        ...catalog,
        releases: catalog.releases.filter(release => !release.prerelease)
      };
}

/** The CUDA versions of releases' builds, newest first: what a driver may be taken to support. */
export function cudaVersions(releases: readonly Release[]): string[] {
  const versions = releases
    .flatMap(release => release.variants)
    .map(variant => cudaOf(variant.name))
    .filter((version): version is string => version !== null);
  return [...new Set(versions)].sort((a, b) => compareVersions(b, a));
}

/** The newest CUDA that a release has builds for, where none of them can be installed here; else null. */
export function missingCuda(release: Release): string | null {
  return usable(release, 'cuda', null).length === 0
    ? (cudaVersions([release])[0] ?? null)
    : null;
}

/** The variant that a choice comes to: the newest CUDA that fits, else CPU. */
export function variantOf(release: Release, choice: IChoice): Variant | null {
  const fitting = usable(release, choice.hardware, choice.cuda).filter(
    variant => pythonsOf(variant, choice.cuda).includes(choice.python)
  );
  return fitting[0] ?? null;
}

/** `cpu` and `cuda12.6` as a person writes them. */
export function variantLabel(name: string): string {
  const cuda = cudaOf(name);
  return cuda === null ? name.toUpperCase() : `CUDA ${cuda}`.trim();
}

/** The variant that a build string of conda-forge names: cpu_py311…, cuda126py312…; null for others. */
export function variantOfBuild(build: string): string | null {
  const match = /^(?:(cpu)_|cuda(\d+)(\d)py)/.exec(build);
  return match && (match[1] ?? `cuda${match[2]}.${match[3]}`);
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
  const newest = offered(catalog, false)
    .releases.map(release => release.version)
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
  const possible = pythons(release, kept, cuda);
  return {
    version: release.version,
    hardware: kept,
    cuda,
    python: python !== null && possible.includes(python) ? python : possible[0]
  };
}

/** Whether a release can be installed at all. */
export function isPossible(cuda: string | null): (release: Release) => boolean {
  return release => usable(release, 'auto', cuda).length > 0;
}

/** Variants that can be installed, newest CUDA first and CPU last. */
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
    .filter(variant => pythonsOf(variant, cuda).length > 0)
    .sort((a, b) =>
      compareVersions(cudaOf(b.name) ?? '0', cudaOf(a.name) ?? '0')
    );
}

/**
 * The Pythons with which a variant can be installed.
 *
 * The catalog judges for this machine. An assumed CUDA version replaces its driver's: what was judged by that no longer
 * counts.
 */
function pythonsOf(variant: Variant, cuda: string | null): string[] {
  const needs = cudaOf(variant.name);
  if (needs !== null && cuda !== null) {
    if (compareVersions(needs, cuda) > 0) {
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

/** The Pythons that go together with a release and a hardware choice, newest first. */
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

/** The CUDA version in a variant's name, null for cpu. */
export function cudaOf(name: string): string | null {
  return name.startsWith('cuda') ? name.slice(4) : null;
}

import type { Catalog, Release, Source, Variant } from '../../api/generated';
import { compareVersions } from '../texts/versions';
import { cudaOf, pythonsOf } from './choices';

/** The builds of one kind in a cell: whether one can be installed on this machine, or why none can. */
export interface IBuilds {
  /** The name of the variant that is installed, or else of one that cannot be. */
  readonly variant: string;
  /** Null if one can be installed. */
  readonly reason: string | null;
}

/** A release from one source, with one Python; null where there is no build. */
export interface ICompatibility {
  readonly python: string;
  readonly cpu: IBuilds | null;
  readonly cuda: IBuilds | null;
}

export interface ICompatibilityRow {
  readonly release: Release;
  readonly source: Source;
  /** One for each Python of the table. */
  readonly cells: readonly ICompatibility[];
}

export interface ICompatibilityTable {
  /** Minor versions, oldest first. */
  readonly pythons: readonly string[];
  readonly rows: readonly ICompatibilityRow[];
}

/** Arrange a catalog as a table: a row for each release and source, and a column for each Python. */
export function compatibilityTable(
  catalog: Catalog,
  cuda: string | null
): ICompatibilityTable {
  const pythons = [
    ...new Set(catalog.releases.flatMap(release => release.python))
  ].sort(compareVersions);
  const rows = catalog.releases.flatMap(release =>
    [...new Set(release.variants.map(({ source }) => source))].map(source => ({
      release,
      source,
      cells: pythons.map(python => cellOf(release, source, python, cuda))
    }))
  );
  return { pythons, rows };
}

function cellOf(
  release: Release,
  source: Source,
  python: string,
  cuda: string | null
): ICompatibility {
  const built = release.variants.filter(
    item => item.source === source && item.python.includes(python)
  );
  const isCuda = (item: Variant): boolean => cudaOf(item.name) !== null;
  return {
    python,
    cpu: best(
      built.filter(item => !isCuda(item)),
      python,
      cuda
    ),
    cuda: best(built.filter(isCuda), python, cuda)
  };
}

/** Return the first variant that can be installed; else the first one, with the reason why it cannot be. */
function best(
  variants: readonly Variant[],
  python: string,
  cuda: string | null
): IBuilds | null {
  const possible = variants.find(item =>
    pythonsOf(item, cuda).includes(python)
  );
  if (possible) {
    return { variant: possible.name, reason: null };
  }
  const first = variants[0];
  return first
    ? {
        variant: first.name,
        reason:
          first.blocked.find(item => item.python === python)?.reason ??
          first.reason ??
          ''
      }
    : null;
}

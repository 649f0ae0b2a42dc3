import type { AvailablePackage, PlanRequest } from '../../api/generated';

/** Start of a spec that must come from the package index. */
const MARK = 'pypi:';

/** Return the spec for a package that a search found: a package of the index is requested from there. */
export function specOf(item: AvailablePackage): string {
  return item.source === 'pypi' ? `${MARK}${item.name}` : item.name;
}

/** Return a spec that must come from the package index. */
export function fromIndex(spec: string): string {
  return `${MARK}${withoutMark(spec)}`;
}

/** Return a spec without the mark of the package index. */
export function withoutMark(spec: string): string {
  return spec.startsWith(MARK) ? spec.slice(MARK.length) : spec;
}

/** Return a request that also permits building packages from source; null if it cannot, or already does. */
export function withSourceBuilds(request: PlanRequest): PlanRequest | null {
  switch (request.kind) {
    case 'create':
    case 'install':
    case 'update':
    case 'import':
      return request.source_builds ? null : { ...request, source_builds: true };
    default:
      return null;
  }
}

/**
 * Compare two dotted versions by their numbers: 3.9 < 3.10, and 2.20.0rc1 < 2.20.0.
 */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  for (
    let i = 0;
    i < Math.max(left.numbers.length, right.numbers.length);
    i++
  ) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  // A version without a suffix is the final release; prereleases come before it.
  if (left.suffix === '' || right.suffix === '') {
    return Number(left.suffix === '') - Number(right.suffix === '');
  }
  return left.suffix.localeCompare(right.suffix, undefined, { numeric: true });
}

/** Return the minor version of a version: 2.19 for 2.19.1. */
export function minorVersionOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function split(version: string): { numbers: number[]; suffix: string } {
  const match = /^(\d+(?:\.\d+)*)(.*)$/.exec(version);
  return {
    numbers: (match?.[1] ?? '').split('.').map(Number),
    suffix: match?.[2] ?? version
  };
}

import type { Catalog, Release, Variant } from '../api/generated';
import { CHANNEL } from './fixtures';

export function variant(
  name: string,
  python: readonly string[],
  change: Partial<Variant> = {}
): Variant {
  return {
    name,
    source: 'conda',
    python,
    installable: true,
    reason: null,
    blocked: [],
    ...change
  };
}

export const NO_DRIVER =
  'needs a driver for CUDA 12, but this machine has none';

/** Create a CUDA variant for a machine without a driver. */
export function cudaVariant(name: string, python: readonly string[]): Variant {
  return variant(name, python, { installable: false, reason: NO_DRIVER });
}

export function release(
  version: string,
  variants: readonly Variant[],
  change: Partial<Release> = {}
): Release {
  return {
    version,
    python: [...new Set(variants.flatMap(item => item.python))],
    variants,
    keras: '3.12.0',
    keras_versions: [],
    published: null,
    prerelease: false,
    recommended: false,
    ...change
  };
}

/** A catalog like that of conda-forge in early 2026, on a machine without a GPU. */
export const CATALOG: Catalog = {
  subdir: 'linux-64',
  channels: [CHANNEL],
  virtual_packages: [{ name: '__glibc', version: '2.36', build: '0' }],
  releases: [
    release('2.20.0rc0', [variant('cpu', ['3.12', '3.13'])], {
      prerelease: true
    }),
    release(
      '2.19.1',
      [
        cudaVariant('cuda12.9', ['3.11', '3.12']),
        cudaVariant('cuda12.8', ['3.10', '3.11', '3.12']),
        variant('cpu', ['3.10', '3.11', '3.12'])
      ],
      {
        recommended: true,
        keras_versions: [
          { version: '3.12.0', python: ['3.11', '3.12'], source: 'conda' },
          { version: '3.9.2', python: ['3.10', '3.11'], source: 'conda' },
          { version: '2.19.0', python: ['3.11', '3.12'], source: 'conda' }
        ]
      }
    ),
    release('2.19.0', [variant('cpu', ['3.10', '3.11'])]),
    release('2.15.0', [
      cudaVariant('cuda11.8', ['3.9', '3.10']),
      variant('cpu', ['3.9', '3.10', '3.11'])
    ]),
    release('2.9.0', [cudaVariant('cuda11.2', ['3.9'])])
  ],
  message: null,
  age_seconds: null,
  warnings: []
};

/** The same catalog on a machine whose driver supports CUDA 12.8. */
export const GPU_CATALOG: Catalog = {
  ...CATALOG,
  releases: CATALOG.releases.map(item => ({
    ...item,
    variants: item.variants.map(each =>
      each.name === 'cuda12.9'
        ? {
            ...each,
            reason:
              "needs a driver for CUDA 12.9, but this machine's driver supports CUDA 12.8"
          }
        : { ...each, installable: true, reason: null }
    )
  }))
};

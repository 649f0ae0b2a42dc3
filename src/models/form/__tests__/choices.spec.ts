import {
  CATALOG,
  GPU_CATALOG,
  release,
  variant
} from '../../../__tests__/catalogFixtures';
import type { Catalog } from '../../../api/generated';
import type { Hardware, IChoice } from '../choices';
import {
  createRequest,
  cudaVersions,
  initialChoice,
  kerasVersions,
  offered,
  releaseOf,
  revise,
  sourcesOf,
  variantLabel,
  variantOfBuild,
  variantOf
} from '../choices';

const SHOWN = offered(CATALOG, false);
const GPU = offered(GPU_CATALOG, false);

function first(catalog: Catalog): IChoice {
  const choice = initialChoice(catalog);
  if (!choice) {
    throw new Error('nothing to choose');
  }
  return choice;
}

function variantName(catalog: Catalog, choice: IChoice): string | undefined {
  const found = releaseOf(catalog, choice.version);
  return found && variantOf(found, choice)?.name;
}

describe('initialChoice', () => {
  it('is the recommended release with its newest Python version', () => {
    expect(first(SHOWN)).toEqual({
      version: '2.19.1',
      hardware: 'auto',
      cuda: null,
      python: '3.12',
      source: null,
      keras: null
    });
  });

  it('compares Python versions by number', () => {
    const catalog = {
      ...CATALOG,
      releases: [release('2.15.0', [variant('cpu', ['3.9', '3.10'])])]
    };
    expect(first(catalog).python).toBe('3.10');
  });

  it('is the newest release that can be installed if none is recommended', () => {
    const releases = CATALOG.releases
      .filter(item => !item.recommended && !item.prerelease)
      .reverse();
    // No build of 2.9.0 can be installed on this machine.
    expect(first({ ...CATALOG, releases }).version).toBe('2.15.0');
  });

  it('is null if nothing can be installed', () => {
    expect(initialChoice({ ...CATALOG, releases: [] })).toBeNull();
    const releases = CATALOG.releases.filter(item => item.version === '2.9.0');
    expect(initialChoice({ ...CATALOG, releases })).toBeNull();
  });

  it('assumes a driver on request', () => {
    const releases = CATALOG.releases.filter(item => item.version === '2.9.0');
    expect(initialChoice({ ...CATALOG, releases }, '11.2')).toMatchObject({
      version: '2.9.0',
      cuda: '11.2'
    });
  });

  it('leaves out a Python version that is blocked on this machine', () => {
    const cpu = variant('cpu', ['3.11', '3.12'], {
      blocked: [{ python: '3.12', reason: 'needs x86_64_v3' }]
    });
    const catalog = { ...CATALOG, releases: [release('2.19.1', [cpu])] };
    expect(first(catalog).python).toBe('3.11');
  });
});

describe('variantOf', () => {
  it('is CPU without a driver, and the newest CUDA version that fits with one', () => {
    expect(variantName(SHOWN, first(SHOWN))).toBe('cpu');
    expect(variantName(GPU, first(GPU))).toBe('cuda12.8');
  });

  it('falls back to CPU if the CUDA builds lack the Python version', () => {
    const choice = { ...first(GPU), version: '2.15.0', python: '3.11' };
    expect(variantName(GPU, choice)).toBe('cpu');
  });

  it('follows an assumed CUDA version instead of the driver', () => {
    const at = (cuda: string): string | undefined =>
      variantName(SHOWN, { ...first(SHOWN), cuda });
    expect(at('12.9')).toBe('cuda12.9');
    expect(at('12.8')).toBe('cuda12.8');
    expect(at('11.8')).toBe('cpu');
  });
});

describe('revise', () => {
  it('keeps values that still fit', () => {
    const choice = revise(SHOWN, first(SHOWN), { python: '3.11' });
    const changed = revise(SHOWN, choice, { version: '2.15.0' });
    expect(changed).toMatchObject({ version: '2.15.0', python: '3.11' });
  });

  it('changes Python to the newest version of the release', () => {
    const changed = revise(SHOWN, first(SHOWN), { version: '2.19.0' });
    expect(changed.python).toBe('3.11');
  });

  it('changes Python to a version that the hardware allows', () => {
    const choice = revise(GPU, first(GPU), {
      version: '2.15.0',
      python: '3.11'
    });
    expect(revise(GPU, choice, { hardware: 'cuda' }).python).toBe('3.10');
  });

  it('changes the hardware to auto if the release has no such build', () => {
    const cuda = revise(GPU, first(GPU), { hardware: 'cuda' });
    expect(cuda.hardware).toBe('cuda');
    expect(revise(GPU, cuda, { version: '2.19.0' }).hardware).toBe('auto');
  });

  it('allows CUDA on a machine without a driver', () => {
    const choice = revise(SHOWN, first(SHOWN), { cuda: '12.8' });
    const cuda = revise(SHOWN, choice, { hardware: 'cuda' });
    expect(cuda).toMatchObject({ hardware: 'cuda', cuda: '12.8' });
  });

  it('changes to the recommended release if the chosen one can no longer be installed', () => {
    const old = revise(SHOWN, first(SHOWN), { cuda: '12.8', version: '2.9.0' });
    expect(old.version).toBe('2.9.0');
    expect(revise(SHOWN, old, { cuda: null }).version).toBe('2.19.1');
  });

  it('never leads to a combination that does not exist', () => {
    const versions = CATALOG.releases.map(item => item.version);
    const pythons = ['3.8', '3.9', '3.10', '3.11', '3.12', '3.13'];
    const hardware: Hardware[] = ['auto', 'cpu', 'cuda'];
    for (const catalog of [CATALOG, GPU_CATALOG]) {
      for (const version of versions) {
        for (const python of pythons) {
          for (const kind of hardware) {
            for (const cuda of [null, '11.2', '12.8', '13.0']) {
              const wanted = { version, python, hardware: kind, cuda };
              const choice = revise(catalog, first(catalog), wanted);
              expect(variantName(catalog, choice)).toBeDefined();
            }
          }
        }
      }
    }
  });
});

describe('two sources', () => {
  const pypi = { source: 'pypi' } as const;
  const both = release('2.21.0', [
    variant('cuda12.9', ['3.11', '3.12']),
    variant('cuda12.5', ['3.12', '3.13'], pypi),
    variant('cpu', ['3.11', '3.12']),
    variant('cpu', ['3.12', '3.13'], pypi)
  ]);
  const catalog = { ...CATALOG, releases: [both] };
  const rest = { name: 'tf', packages: [] };
  const at = (change: Partial<IChoice>): IChoice =>
    revise(catalog, first(catalog), change);

  it('offer the Python versions of both', () => {
    expect(first(catalog).python).toBe('3.13');
  });

  it.each([
    ['3.13', ['pypi'], 'cuda12.5'],
    ['3.12', ['conda', 'pypi'], 'cuda12.9'],
    ['3.11', ['conda'], 'cuda12.9']
  ])('with Python %s are %j', (python, sources, name) => {
    const choice = at({ python });
    expect(sourcesOf(both, choice)).toEqual(sources);
    expect(variantOf(both, choice)).toMatchObject({ name, source: sources[0] });
    expect(choice.source).toBeNull();
  });

  it('are in the request only if the user chose one', () => {
    const choice = at({ python: '3.12' });
    expect(createRequest(catalog, choice, rest)).not.toHaveProperty('source');
    const chosen = revise(catalog, choice, pypi);
    expect(variantOf(both, chosen)?.name).toBe('cuda12.5');
    expect(createRequest(catalog, chosen, rest).source).toBe('pypi');
  });

  it('are taken in the order of the server', () => {
    const item = release('2.21.0', [
      variant('cuda12.5', ['3.12'], pypi),
      variant('cpu', ['3.12'])
    ]);
    const of = { ...catalog, releases: [item] };
    expect(sourcesOf(item, first(of))).toEqual(['pypi', 'conda']);
    expect(variantName(of, first(of))).toBe('cuda12.5');
    const onCpu = revise(of, first(of), { hardware: 'cpu' });
    expect(sourcesOf(item, onCpu)).toEqual(['conda']);
  });

  it('keep the choice of the user while it is possible', () => {
    const chosen = at({ python: '3.12', ...pypi });
    expect(revise(catalog, chosen, { hardware: 'cpu' }).source).toBe('pypi');
    expect(revise(catalog, chosen, { python: '3.11' }).source).toBeNull();
  });

  it('differ in the driver that they need', () => {
    const blocked = { installable: false, reason: 'needs a driver' };
    const item = release('2.21.0', [
      variant('cuda12.9', ['3.12'], blocked),
      variant('cuda12.5', ['3.12'], { ...blocked, ...pypi })
    ]);
    const choice = { hardware: 'cuda', python: '3.12' } as const;
    expect(sourcesOf(item, { ...choice, cuda: '12.2' })).toEqual(['pypi']);
    expect(sourcesOf(item, { ...choice, cuda: '13.0' })).toEqual([
      'conda',
      'pypi'
    ]);
    expect(sourcesOf(item, { ...choice, cuda: '11.8' })).toEqual([]);
  });
});

describe('createRequest', () => {
  const rest = { name: 'tf', packages: ['pandas'] };

  it('requests the minor version for its newest release', () => {
    expect(createRequest(CATALOG, first(SHOWN), rest)).toEqual({
      kind: 'create',
      name: 'tf',
      tensorflow: '2.19.*',
      python: '3.12',
      variant: 'auto',
      cuda: null,
      packages: ['pandas']
    });
  });

  it.each([['2'], ['3.12.0']])('names Keras %s if the user chose it', keras => {
    const choice = revise(SHOWN, first(SHOWN), { keras });
    expect(createRequest(CATALOG, choice, rest).keras).toBe(keras);
  });

  it.each([['2.19.0'], ['2.20.0rc0']])('asks for %s exactly', version => {
    const choice = revise(CATALOG, first(CATALOG), { version });
    expect(createRequest(CATALOG, choice, rest).tensorflow).toBe(version);
  });
});

describe('names of variants', () => {
  it('are formatted for display', () => {
    expect(variantLabel('cpu')).toBe('CPU');
    expect(variantLabel('cuda12.6')).toBe('CUDA 12.6');
  });

  it.each([
    ['cpu_py311h6ac8430_0', 'cpu'],
    ['cuda126py312h5379a72_200', 'cuda12.6'],
    ['cuda112py39h01bd6f0_0', 'cuda11.2'],
    ['py311_0', null]
  ])('are read from build %s', (build, name) => {
    expect(variantOfBuild(build)).toBe(name);
  });

  it('give the CUDA versions of a release, newest first', () => {
    const found = releaseOf(CATALOG, '2.19.1');
    expect(found && cudaVersions([found])).toEqual(['12.9', '12.8']);
  });
});

describe('the choice of Keras', () => {
  const shown = (change: Partial<IChoice>): (string | null)[] => {
    const choice = revise(SHOWN, first(SHOWN), change);
    const found = releaseOf(SHOWN, choice.version);
    return found ? kerasVersions(found, choice).map(item => item.version) : [];
  };

  it('is among the versions that fit the release, the source and Python', () => {
    expect(shown({})).toEqual(['3.12.0', '2.19.0']);
    expect(shown({ python: '3.10' })).toEqual(['3.9.2']);
    expect(shown({ version: '2.15.0' })).toEqual([]);
  });

  it('stays while it fits', () => {
    const chosen = revise(SHOWN, first(SHOWN), { keras: '2' });
    expect(chosen.keras).toBe('2');
    expect(revise(SHOWN, chosen, { python: '3.11' }).keras).toBe('2');
    expect(revise(SHOWN, chosen, { python: '3.10' }).keras).toBeNull();
    expect(revise(SHOWN, chosen, { version: '2.15.0' }).keras).toBeNull();
  });

  it('follows the chosen source', () => {
    const pypi = { source: 'pypi' } as const;
    const item = release(
      '2.21.0',
      [variant('cpu', ['3.12']), variant('cpu', ['3.12'], pypi)],
      {
        keras_versions: [
          { version: '3.12.0', python: ['3.12'], source: 'conda' },
          { version: '3.14.0', python: ['3.12'], source: 'pypi' }
        ]
      }
    );
    const catalog = { ...CATALOG, releases: [item] };
    const chosen = revise(catalog, first(catalog), {
      ...pypi,
      keras: '3.14.0'
    });
    expect(chosen.keras).toBe('3.14.0');
    expect(revise(catalog, chosen, { source: 'conda' }).keras).toBeNull();
  });
});

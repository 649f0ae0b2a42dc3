import { nullTranslator } from '@jupyterlab/translation';

import {
  CATALOG,
  GPU_CATALOG,
  NO_DRIVER,
  release,
  variant
} from '../../../__tests__/catalogFixtures';
import type { Catalog } from '../../../api/generated';
import type { IOption } from '../choiceOptions';
import {
  hardwareOptions,
  kerasOptions,
  pythonOptions,
  releaseOptions,
  sourceOptions
} from '../choiceOptions';
import type { IChoice } from '../choices';
import { initialChoice, releaseOf, revise } from '../choices';

const trans = nullTranslator.load('tfenv_lab');

function choose(catalog: Catalog, change: Partial<IChoice> = {}): IChoice {
  const choice = initialChoice(catalog);
  if (!choice) {
    throw new Error('nothing to choose');
  }
  return revise(catalog, choice, change);
}

function reasons(options: readonly IOption[]): Record<string, string | null> {
  return Object.fromEntries(options.map(item => [item.value, item.reason]));
}

function hardware(catalog: Catalog, choice: IChoice): IOption[] {
  const release = releaseOf(catalog, choice.version);
  return release ? hardwareOptions(release, choice, trans) : [];
}

describe('releaseOptions', () => {
  it('marks the recommended release, and gives the reason why one is not available', () => {
    const options = releaseOptions(CATALOG, null, trans);
    expect(options.map(item => item.label)).toContain('2.19.1 (recommended)');
    expect(reasons(options)).toEqual({
      '2.20.0rc0': null,
      '2.19.1': null,
      '2.19.0': null,
      '2.15.0': null,
      '2.9.0': NO_DRIVER
    });
  });

  it('enables every release that the assumed CUDA version allows', () => {
    expect(reasons(releaseOptions(CATALOG, '11.2', trans))['2.9.0']).toBeNull();
  });
});

describe('kerasOptions', () => {
  const options = (change: Partial<IChoice>): IOption[] => {
    const choice = choose(CATALOG, change);
    const found = releaseOf(CATALOG, choice.version);
    return found ? kerasOptions(found, choice, trans) : [];
  };

  it('begins with the Keras that TensorFlow brings', () => {
    expect(options({}).map(item => item.label)).toEqual([
      'Keras 3, newest that fits (3.12.0)',
      'Keras 2 (tf-keras 2.19.0)',
      'Keras 3.12.0'
    ]);
  });

  it('says why Keras 2 cannot be chosen', () => {
    expect(reasons(options({ python: '3.10' }))).toEqual({
      '': null,
      '2': 'tf-keras is not available for TensorFlow 2.19',
      '3.9.2': null
    });
  });

  it('is empty for a TensorFlow with a Keras 2 of its own', () => {
    expect(options({ version: '2.15.0' })).toEqual([]);
  });
});

describe('the source', () => {
  const wheels = (python: readonly string[]): ReturnType<typeof variant> =>
    variant('cpu', python, { source: 'pypi' });
  const catalog: Catalog = {
    ...CATALOG,
    releases: [
      release('2.21.0', [wheels(['3.12', '3.13'])], { recommended: true }),
      release('2.19.1', [variant('cpu', ['3.12']), wheels(['3.12', '3.13'])]),
      release('2.18.0', [
        variant('cpu', ['3.12'], { installable: false, reason: 'no' }),
        wheels(['3.12'])
      ])
    ]
  };
  const labels = (options: readonly IOption[]): string[] =>
    options.map(item => item.label);

  it('is part of the label of a release that only PyPI has for this machine', () => {
    expect(labels(releaseOptions(catalog, null, trans))).toEqual([
      '2.21.0 · PyPI (recommended)',
      '2.19.1',
      '2.18.0 · PyPI'
    ]);
  });

  it('is part of the label of a Python version if only PyPI has the release for it', () => {
    const python = (version: string): string[] =>
      labels(pythonOptions(catalog, choose(catalog, { version }), trans));
    expect(python('2.19.1')).toEqual(['3.13 · PyPI', '3.12']);
    expect(python('2.21.0')).toEqual(['3.13', '3.12']);
  });

  it('can be chosen only if there are two', () => {
    const sources = (change: Partial<IChoice>): string[] => {
      const choice = choose(catalog, change);
      const found = releaseOf(catalog, choice.version);
      return found ? labels(sourceOptions(found, choice, 'conda-forge')) : [];
    };
    expect(sources({ version: '2.19.1', python: '3.12' })).toEqual([
      'conda-forge',
      'PyPI'
    ]);
    expect(sources({ version: '2.19.1', python: '3.13' })).toEqual(['PyPI']);
  });
});

describe('hardwareOptions', () => {
  it('names the variant that Auto selects', () => {
    expect(hardware(CATALOG, choose(CATALOG))[0].label).toBe('Auto: CPU');
    expect(hardware(GPU_CATALOG, choose(GPU_CATALOG))[0].label).toBe(
      'Auto: CUDA 12.8'
    );
  });

  it('gives the reason why CUDA cannot be chosen', () => {
    expect(reasons(hardware(CATALOG, choose(CATALOG)))).toEqual({
      auto: null,
      cpu: null,
      cuda: NO_DRIVER
    });
    const without = choose(CATALOG, { version: '2.19.0' });
    expect(reasons(hardware(CATALOG, without)).cuda).toBe(
      'TensorFlow 2.19.0 has no CUDA build'
    );
    const older = choose(CATALOG, { cuda: '11.8' });
    expect(reasons(hardware(CATALOG, older)).cuda).toBe(
      'needs a newer CUDA version than 11.8'
    );
  });

  it('gives the reason why CPU cannot be chosen', () => {
    const choice = choose(GPU_CATALOG, { version: '2.9.0' });
    expect(reasons(hardware(GPU_CATALOG, choice)).cpu).toBe(
      'TensorFlow 2.9.0 has no CPU build'
    );
  });
});

describe('pythonOptions', () => {
  it('lists every Python version, newest first, with the reason why it cannot be chosen', () => {
    const options = pythonOptions(CATALOG, choose(CATALOG), trans);
    expect(options.map(item => item.value)).toEqual([
      '3.13',
      '3.12',
      '3.11',
      '3.10',
      '3.9'
    ]);
    expect(reasons(options)).toMatchObject({
      '3.13': 'not available with TensorFlow 2.19.1',
      '3.12': null,
      '3.9': 'not available with TensorFlow 2.19.1'
    });
  });

  it('distinguishes a Python version of another variant from a missing one', () => {
    const choice = choose(GPU_CATALOG, { version: '2.15.0', hardware: 'cuda' });
    const found = reasons(pythonOptions(GPU_CATALOG, choice, trans));
    expect(found['3.11']).toBe('not available with this hardware');
    expect(found['3.12']).toBe('not available with TensorFlow 2.15.0');
  });

  it('gives the reason why a Python version is blocked on this machine', () => {
    const releases = CATALOG.releases.map(item => ({
      ...item,
      variants: item.variants.map(each => ({
        ...each,
        blocked: [{ python: '3.12', reason: 'needs glibc 2.34' }]
      }))
    }));
    const catalog = { ...CATALOG, releases };
    const found = reasons(pythonOptions(catalog, choose(catalog), trans));
    expect(found['3.12']).toBe('needs glibc 2.34');
  });
});

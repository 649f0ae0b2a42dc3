import { nullTranslator } from '@jupyterlab/translation';

import { environment } from '../../../__tests__/fixtures';
import { kerasGeneration, legacyKerasRequest } from '../../notebook/keras';
import { checkState, describeCheck } from '../checks';

const trans = nullTranslator.load('tfenv_lab');
const finished = '2026-03-01T10:00:00Z';

describe('checkState', () => {
  it.each([
    [null, 'unchecked', 'Not checked yet'],
    [{ ok: true, finished, outdated: false }, 'ok', 'TensorFlow works'],
    [
      { ok: false, finished, outdated: false },
      'problems',
      'TensorFlow has problems'
    ],
    [
      { ok: true, finished, outdated: true },
      'unchecked',
      'Not checked since the last change'
    ]
  ] as const)('of %j is %s', (check, state, words) => {
    const shown = environment('tf219', { check });
    expect(checkState(shown, false)).toBe(state);
    expect(describeCheck(shown, state, trans)).toBe(words);
    expect(checkState(shown, true)).toBe('checking');
  });

  it('is null without TensorFlow', () => {
    expect(checkState(environment('x', { tensorflow: null }), true)).toBeNull();
  });
});

function withTensorFlow(
  version: string,
  legacy: string | null,
  enabled = false,
  available = true
): ReturnType<typeof environment> {
  return environment('tf', {
    tensorflow: { version, build: null, variant: 'cpu', source: 'conda' },
    legacy_keras: { available, version: legacy, enabled }
  });
}

describe('the generation of Keras', () => {
  it('can be chosen if TensorFlow comes with Keras 3 and there is a kernel', () => {
    expect(kerasGeneration(withTensorFlow('2.16.1', null))).toBe(3);
    expect(kerasGeneration(withTensorFlow('2.20.0', '2.20.1', true))).toBe(2);
    expect(
      kerasGeneration(withTensorFlow('2.15.0', null, false, false))
    ).toBeNull();
    expect(kerasGeneration(environment('x', { kernel: null }))).toBeNull();
    expect(kerasGeneration(environment('x', { keras: null }))).toBeNull();
  });

  it('is 2 with a tf-keras of the same minor version, which a plan installs', () => {
    const request = {
      kind: 'install',
      environment: 'id-tf',
      specs: ['tf-keras=2.19.*'],
      legacy_keras: true
    };
    expect(legacyKerasRequest(withTensorFlow('2.19.1', null))).toEqual(request);
    expect(legacyKerasRequest(withTensorFlow('2.19.1', '2.18.0'))).toEqual(
      request
    );
    expect(legacyKerasRequest(withTensorFlow('2.19.1', '2.19.0'))).toBeNull();
  });
});

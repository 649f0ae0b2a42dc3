import type { Environment, InstallRequest } from '../../api/generated';
import { compareVersions, seriesOf } from '../texts/versions';

/** The first TensorFlow whose own Keras is 3; before it there is nothing to choose. */
const KERAS_3 = '2.16';

/** Which Keras tf.keras is in an environment's kernel; null where that cannot be chosen. */
export function kerasGeneration(environment: Environment): 2 | 3 | null {
  const { kernel, keras, legacy_keras, tensorflow } = environment;
  if (!tensorflow || !keras || !kernel) {
    return null;
  }
  const canChoose = compareVersions(seriesOf(tensorflow.version), KERAS_3) >= 0;
  return canChoose ? (legacy_keras.enabled ? 2 : 3) : null;
}

/** The request that adds the tf-keras of an environment's TensorFlow and has its kernel use it; null where it is there. */
export function legacyKerasRequest(
  environment: Environment
): InstallRequest | null {
  const series = seriesOf(environment.tensorflow?.version ?? '');
  const installed = environment.legacy_keras.version;
  return installed !== null && seriesOf(installed) === series
    ? null
    : {
        kind: 'install',
        environment: environment.id,
        specs: [`tf-keras=${series}.*`],
        legacy_keras: true
      };
}

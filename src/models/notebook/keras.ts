import type { Environment, InstallRequest } from '../../api/generated';
import { compareVersions, minorVersionOf } from '../texts/versions';

/** Minor version of the first TensorFlow that comes with Keras 3. */
const KERAS_3 = '2.16';

/** Whether a version of TensorFlow comes with Keras 3. */
export function hasKeras3(tensorflow: string): boolean {
  return compareVersions(minorVersionOf(tensorflow), KERAS_3) >= 0;
}

/** Return the version of Keras that tf.keras is in an environment's kernel; null if it cannot be chosen. */
export function kerasGeneration(environment: Environment): 2 | 3 | null {
  const { kernel, keras, legacy_keras, tensorflow } = environment;
  if (!tensorflow || !keras || !kernel) {
    return null;
  }
  return hasKeras3(tensorflow.version) ? (legacy_keras.enabled ? 2 : 3) : null;
}

/** Build the request that installs tf-keras for an environment and its kernel; null if it is installed. */
export function legacyKerasRequest(
  environment: Environment
): InstallRequest | null {
  const minorVersion = minorVersionOf(environment.tensorflow?.version ?? '');
  const installed = environment.legacy_keras.version;
  return installed !== null && minorVersionOf(installed) === minorVersion
    ? null
    : {
        kind: 'install',
        environment: environment.id,
        specs: [`tf-keras=${minorVersion}.*`],
        legacy_keras: true
      };
}

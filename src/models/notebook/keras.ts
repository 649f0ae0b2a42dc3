import type { Environment, InstallRequest } from '../../api/generated';
import { minorVersionOf } from '../texts/versions';

/** Return the version of Keras that tf.keras is in an environment's kernel; null if it cannot be chosen. */
export function kerasGeneration(environment: Environment): 2 | 3 | null {
  const { kernel, keras, legacy_keras } = environment;
  if (!legacy_keras.available || !keras || !kernel) {
    return null;
  }
  return legacy_keras.enabled ? 2 : 3;
}

/** Return the spec of the tf-keras for a version of TensorFlow, which has the same minor version. */
export function tfKerasFor(tensorflow: string): string {
  return `tf-keras=${minorVersionOf(tensorflow)}.*`;
}

/** Build the request that installs tf-keras for an environment and its kernel; null if it is installed. */
export function legacyKerasRequest(
  environment: Environment
): InstallRequest | null {
  const tensorflow = environment.tensorflow?.version ?? '';
  const installed = environment.legacy_keras.version;
  return installed !== null &&
    minorVersionOf(installed) === minorVersionOf(tensorflow)
    ? null
    : {
        kind: 'install',
        environment: environment.id,
        specs: [tfKerasFor(tensorflow)],
        legacy_keras: true
      };
}

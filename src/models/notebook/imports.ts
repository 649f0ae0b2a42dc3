import type { Environment, PlanRequest } from '../../api/generated';
import { compareVersions } from '../texts/versions';
import { tfKerasFor } from './keras';

/** Modules that belong to TensorFlow, for which help goes beyond the package's name. */
const FRAMEWORKS = ['tensorflow', 'keras', 'tf_keras'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** An exception, as a kernel reports it. */
export interface IKernelError {
  readonly errorName: string;
  readonly errorValue: string;
  readonly traceback: readonly string[];
}

/** A failed import: the module is missing, or it is installed but cannot be imported. */
export interface IFailedImport {
  readonly module: string;
  readonly isMissing: boolean;
}

export function isFramework(module: string): module is Framework {
  return (FRAMEWORKS as readonly string[]).includes(module);
}

/** Find the import that an exception is about; null if it is about something else. */
export function failedImport(error: IKernelError): IFailedImport | null {
  const { errorName, errorValue } = error;
  if (errorName === 'ModuleNotFoundError') {
    const name = /No module named '([\w.]+)'/.exec(errorValue)?.[1];
    if (!name) {
      return null;
    }
    // If "a.b" is not found, "a" was.
    const [module] = name.split('.');
    const isMissing = name === module;
    return isMissing || isFramework(module) ? { module, isMissing } : null;
  }
  if (errorName !== 'ImportError') {
    return null;
  }
  const named = /from (?:partially initialized module )?'(\w+)/;
  const inside = /site-packages[\\/](tensorflow|keras|tf_keras)[\\/]/;
  const module =
    named.exec(errorValue)?.[1] ??
    inside.exec([errorValue, ...error.traceback].join('\n'))?.[1];
  return module && isFramework(module) ? { module, isMissing: false } : null;
}

/** Whether an environment has a module, according to its entry in the list. */
export function has(environment: Environment, module: Framework): boolean {
  switch (module) {
    case 'tensorflow':
      return environment.tensorflow !== null;
    case 'keras':
      return environment.keras !== null;
    case 'tf_keras':
      return environment.legacy_keras.version !== null;
  }
}

/** Find another environment with a module: one with a kernel, without errors, and with the newest TensorFlow. */
export function alternative(
  environments: readonly Environment[],
  module: Framework,
  current: Environment | undefined
): Environment | undefined {
  return environments
    .filter(
      item =>
        item !== current &&
        item.kernel !== null &&
        has(item, module) &&
        item.advice.every(advice => advice.severity !== 'error')
    )
    .sort((a, b) =>
      compareVersions(
        b.tensorflow?.version ?? '0',
        a.tensorflow?.version ?? '0'
      )
    )[0];
}

/** Build the request that installs a module; null if the environment must not be changed. */
export function installation(
  environment: Environment,
  module: Framework
): PlanRequest | null {
  const spec = specOf(module, environment.tensorflow?.version ?? null);
  return installRequest(environment, [spec]);
}

/** Build the request that installs packages; null if the environment must not be changed. */
export function installRequest(
  environment: Environment,
  specs: readonly string[]
): PlanRequest | null {
  return environment.writable && !environment.protected
    ? { kind: 'install', environment: environment.id, specs: [...specs] }
    : null;
}

/** Return the spec for a module. Keras comes with TensorFlow; tf-keras has the version of its TensorFlow. */
function specOf(module: Framework, tensorflow: string | null): string {
  if (module === 'tf_keras') {
    return tensorflow ? tfKerasFor(tensorflow) : 'tf-keras';
  }
  return module === 'keras' && tensorflow ? 'keras' : 'tensorflow';
}

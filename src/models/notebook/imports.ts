import type { Environment, PlanRequest } from '../../api/generated';
import { compareVersions, seriesOf } from '../texts/versions';

/** The modules that this extension knows its way with. */
export const FRAMEWORKS = ['tensorflow', 'keras', 'tf_keras'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** What a kernel says of an exception. */
export interface IKernelError {
  readonly errorName: string;
  readonly errorValue: string;
  readonly traceback: readonly string[];
}

/** An import that failed: of a module that is not installed, or of one that is and does not come up. */
export interface IFailedImport {
  readonly module: string;
  readonly isMissing: boolean;
}

export function isFramework(module: string): module is Framework {
  return (FRAMEWORKS as readonly string[]).includes(module);
}

/** The import that an exception is about; null where it is about something else. */
export function failedImport(error: IKernelError): IFailedImport | null {
  const { errorName, errorValue } = error;
  if (errorName === 'ModuleNotFoundError') {
    const name = /No module named '([\w.]+)'/.exec(errorValue)?.[1];
    if (!name) {
      return null;
    }
    // Of "a.b" that is not found, a was.
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

/** Whether a module can be imported in an environment, as far as its list entry tells. */
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

/** The environment to switch to for a module: with a kernel, usable, and of those the newest TensorFlow. */
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

/** What puts a module into an environment; null where the environment must not be changed. */
export function installation(
  environment: Environment,
  module: Framework
): PlanRequest | null {
  const spec = specOf(module, environment.tensorflow?.version ?? null);
  return installRequest(environment, [spec]);
}

/** The request that adds packages; null where the environment must not be changed. */
export function installRequest(
  environment: Environment,
  specs: readonly string[]
): PlanRequest | null {
  return environment.writable && !environment.protected
    ? { kind: 'install', environment: environment.id, specs: [...specs] }
    : null;
}

/** Keras comes with TensorFlow; tf-keras has the number of the TensorFlow that it is for. */
function specOf(module: Framework, tensorflow: string | null): string {
  if (module === 'tf_keras') {
    return tensorflow ? `tf-keras=${seriesOf(tensorflow)}.*` : 'tf-keras';
  }
  return module === 'keras' && tensorflow ? 'keras' : 'tensorflow';
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  Environment,
  ImportRequest,
  NotebookRecord
} from '../../api/generated';
import { freeName } from '../form/naming';
import { minorVersionOf } from '../texts/versions';

/** Key of the record in a notebook's metadata. */
export const RECORD_KEY = 'tfenv_lab';

/** Read the record from a notebook's metadata; null if there is none. */
export function readRecord(metadata: unknown): NotebookRecord | null {
  const record = metadata as Partial<NotebookRecord> | null | undefined;
  const isRecord =
    typeof record === 'object' &&
    typeof record?.name === 'string' &&
    typeof record.fingerprint === 'string';
  return isRecord ? (record as NotebookRecord) : null;
}

/** Build the request that recreates a recorded environment, under its own name if that is not taken. */
export function recreateRequest(
  record: NotebookRecord,
  taken: ReadonlySet<string>
): ImportRequest {
  return {
    kind: 'import',
    name: freeName(record.name, taken),
    content: JSON.stringify(record),
    format: 'notebook'
  };
}

/** Read the name of the environment from the name of its kernel; null for other kernels. */
export function environmentOfKernel(kernel: string): string | null {
  return /^conda-env-(.+)-[A-Za-z]+$/.exec(kernel)?.[1] ?? null;
}

/** Find an environment to use instead of a missing one: with the same minor version of TensorFlow, if recorded. */
export function fittingEnvironment(
  environments: readonly Environment[],
  record: NotebookRecord | null
): Environment | undefined {
  const wanted = record?.tensorflow ? minorVersionOf(record.tensorflow) : null;
  const usable = environments.filter(
    item => item.kernel !== null && item.tensorflow !== null
  );
  return wanted === null
    ? usable[0]
    : usable.find(item => minorVersionOf(item.tensorflow!.version) === wanted);
}

/** Find the environment that had a kernel of this name before it was renamed, if it has a kernel now. */
export function renamedEnvironment(
  environments: readonly Environment[],
  kernel: string
): Environment | undefined {
  const name = kernel.toLowerCase();
  return environments.find(
    item => item.kernel !== null && item.former_kernels.includes(name)
  );
}

/** Describe a record: "tf219 (TensorFlow 2.19.1)". */
export function describeRecord(
  record: NotebookRecord,
  trans: TranslationBundle
): string {
  return record.tensorflow
    ? trans.__('%1 (TensorFlow %2)', record.name, record.tensorflow)
    : record.name;
}

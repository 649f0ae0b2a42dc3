import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  Environment,
  ImportRequest,
  NotebookRecord
} from '../../api/generated';
import { freeName } from '../form/naming';
import { seriesOf } from '../texts/versions';

/** The key in a notebook's metadata. */
export const RECORD_KEY = 'tfenv_lab';

/** What a notebook's metadata says of its environment; null where it says nothing that we wrote. */
export function readRecord(metadata: unknown): NotebookRecord | null {
  const record = metadata as Partial<NotebookRecord> | null | undefined;
  const isOurs =
    typeof record === 'object' &&
    typeof record?.name === 'string' &&
    typeof record.fingerprint === 'string';
  return isOurs ? (record as NotebookRecord) : null;
}

/** The request that brings a recorded environment back, under its own name where that is free. */
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

/** The name of the environment that a kernel of ours belonged to; null for other kernels. */
export function environmentOfKernel(kernel: string): string | null {
  return /^conda-env-(.+)-[A-Za-z]+$/.exec(kernel)?.[1] ?? null;
}

/** The environment that can take the place of a missing one: the same TensorFlow series, where that is known. */
export function fittingEnvironment(
  environments: readonly Environment[],
  record: NotebookRecord | null
): Environment | undefined {
  const wanted = record?.tensorflow ? seriesOf(record.tensorflow) : null;
  const usable = environments.filter(
    item => item.kernel !== null && item.tensorflow !== null
  );
  return wanted === null
    ? usable[0]
    : usable.find(item => seriesOf(item.tensorflow!.version) === wanted);
}

/** What a record is of, in a few words: "tf219 (TensorFlow 2.19.1)". */
export function describeRecord(
  record: NotebookRecord,
  trans: TranslationBundle
): string {
  return record.tensorflow
    ? trans.__('%1 (TensorFlow %2)', record.name, record.tensorflow)
    : record.name;
}

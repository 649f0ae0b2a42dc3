import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  ClusterEntry,
  ClusterNode,
  Job,
  NodeResult
} from '../../api/generated';
import { messageWithHint } from './announcements';
import { formatBytes } from './units';

/** One worker of a cluster, as a line of a table. */
export interface INodeRow {
  readonly name: string;
  readonly text: string;
  /** What another program said about the failure, such as a traceback. */
  readonly details: string | null;
  readonly hasFailed: boolean;
}

/** The states of a worker that a rollout did not reach. */
const FAILED: readonly NodeResult['state'][] = ['failed', 'lost', 'skipped'];

/** Return the names of the workers that a rollout did not reach. */
export function failedNodes(job: Job | null): readonly string[] {
  return (job?.nodes ?? [])
    .filter(node => FAILED.includes(node.state))
    .map(node => node.name);
}

/** Return the workers of a cluster with what the last rollout or check says about them, failures first. */
export function nodeRows(
  nodes: readonly ClusterNode[],
  job: Job | null,
  trans: TranslationBundle
): readonly INodeRow[] {
  const results = new Map(job?.nodes.map(node => [node.name, node]));
  const names = new Set([...nodes.map(node => node.name), ...results.keys()]);
  const rows = [...names].map(name => {
    const result = results.get(name);
    const node = nodes.find(each => each.name === name);
    const hasFailed = result !== undefined && FAILED.includes(result.state);
    const isActive = job !== null && job.finished === null;
    const text =
      result && (hasFailed || isActive || !node || result.state === 'works')
        ? describeResult(result, trans)
        : node
          ? describeNode(node, trans)
          : '';
    const whole = [text, result?.note].filter(Boolean).join('. ');
    const details = hasFailed ? (result.error?.details ?? null) : null;
    return { name, text: whole, details, hasFailed };
  });
  return [
    ...rows.filter(row => row.hasFailed),
    ...rows.filter(row => !row.hasFailed)
  ];
}

/** Say what a rollout does on a worker. */
export function describeEntry(
  entry: ClusterEntry,
  trans: TranslationBundle
): string {
  switch (entry.action) {
    case 'none':
      return trans.__('nothing to do');
    case 'install':
      return entry.download_bytes > 0
        ? trans.__('install, %1 to download', formatBytes(entry.download_bytes))
        : trans.__('install');
    case 'enter':
      return trans.__('start again');
    case 'impossible':
      return entry.error ? messageWithHint(entry.error) : '';
  }
}

function describeResult(result: NodeResult, trans: TranslationBundle): string {
  switch (result.state) {
    case 'waiting':
      return trans.__('waiting');
    case 'installing':
      return trans.__('installing');
    case 'ready':
      return trans.__('installed');
    case 'draining':
      return trans.__('starting again');
    case 'inside':
      return trans.__('done');
    case 'checking':
      return trans.__('checking');
    case 'works':
      return describeCheck(result, trans);
    case 'failed':
    case 'lost':
    case 'skipped':
      return result.error ? messageWithHint(result.error) : trans.__('failed');
  }
}

function describeCheck(result: NodeResult, trans: TranslationBundle): string {
  const version = result.tensorflow ?? '';
  return result.gpus > 0
    ? trans._n(
        'TensorFlow %2 works, with %1 GPU',
        'TensorFlow %2 works, with %1 GPUs',
        result.gpus,
        version
      )
    : trans.__('TensorFlow %1 works', version);
}

function describeNode(node: ClusterNode, trans: TranslationBundle): string {
  const runs = node.inside
    ? trans.__('runs %1', node.inside)
    : node.prefix
      ? trans.__('runs its own Python (%1)', node.prefix)
      : '';
  return [runs, node.obstacle].filter(Boolean).join('. ');
}

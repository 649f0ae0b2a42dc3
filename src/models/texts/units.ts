import type { TranslationBundle } from '@jupyterlab/translation';

import type { Cleanable, Gpu, Job } from '../../api/generated';

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** Format a number of bytes with a decimal unit: 512 B, 24 MB, 1.5 GB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 999.5 && unit < UNITS.length - 1);
  // A decimal is useful only for small numbers: 1.5 GB, but 24 MB.
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** Format a part of a total number of bytes: 212 / 340 MB, 0.9 / 1.5 GB. */
export function formatShare(done: number, total: number): string {
  const [value, unit] = formatBytes(done).split(' ');
  const whole = formatBytes(total);
  return whole.endsWith(` ${unit}`)
    ? `${value} / ${whole}`
    : `${value} ${unit} / ${whole}`;
}

/** Describe a GPU with its memory and its use: "NVIDIA H100: 5 / 80 GB used, 35 % busy". */
export function describeGpu(gpu: Gpu, trans: TranslationBundle): string {
  const { name, memory_bytes, used_bytes, use } = gpu;
  const parts: string[] = [];
  if (memory_bytes !== null) {
    parts.push(
      used_bytes === null
        ? formatBytes(memory_bytes)
        : trans.__('%1 used', formatShare(used_bytes, memory_bytes))
    );
  }
  if (use !== null) {
    parts.push(trans.__('%1 % busy', use));
  }
  return parts.length > 0 ? trans.__('%1: %2', name, parts.join(', ')) : name;
}

/** Format a number of seconds: 40 s, 3 min, 2 h 5 min. */
export function formatDuration(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds < 60) {
    return trans.__('%1 s', seconds);
  }
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60
    ? trans.__('%1 min', minutes)
    : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** Name what can be cleaned. */
export function cleanableLabel(
  what: Cleanable,
  trans: TranslationBundle
): string {
  switch (what) {
    case 'cache':
      return trans.__('Packages that no environment needs');
    case 'uv':
      return trans.__('PyPI packages that no environment needs');
    case 'revisions':
      return trans.__('Packages that only reverts need');
    case 'trash':
      return trans.__('Deleted environments and remains of changes');
  }
}

/** Describe what a job is doing, with its numbers: "downloading 212 / 340 MB". */
export function describeProgress(job: Job, trans: TranslationBundle): string {
  const { done_bytes, total_bytes, done_packages, total_packages } =
    job.progress;
  if (job.state === 'queued') {
    return job.message;
  }
  if (job.waiting_for) {
    return describePhase(job, trans);
  }
  if (job.kind === 'rollout' || (job.cluster && job.nodes.length > 0)) {
    // The server counts the workers that are done.
    return job.message;
  }
  if (job.phase === 'download' && done_bytes + total_bytes > 0) {
    // The total is not always known.
    const amount =
      total_bytes > 0
        ? formatShare(done_bytes, total_bytes)
        : formatBytes(done_bytes);
    const parts = [trans.__('downloading %1', amount)];
    const { bytes_per_second: speed, seconds_left: left } = job.progress;
    if (speed !== null) {
      parts.push(trans.__('%1/s', formatBytes(speed)));
    }
    if (left !== null) {
      parts.push(trans.__('%1 left', formatDuration(left, trans)));
    }
    return parts.join(' · ');
  }
  if (job.phase === 'clean' && total_packages > 0) {
    return trans.__('deleting %1 / %2', done_packages, total_packages);
  }
  if (job.phase === 'pack' && total_packages > 0) {
    return trans.__('packing Python %1 / %2', done_packages, total_packages);
  }
  if (job.phase === 'link' && total_packages > 0) {
    return trans.__('installing %1 / %2', done_packages, total_packages);
  }
  return describePhase(job, trans);
}

/** Describe what a job is doing, without numbers. */
export function describePhase(job: Job, trans: TranslationBundle): string {
  if (job.state === 'queued') {
    return trans.__('waiting');
  }
  if (job.state === 'succeeded') {
    return trans.__('finishing');
  }
  if (job.waiting_for) {
    const { host, until } = job.waiting_for;
    const time = new Date(until).toLocaleTimeString();
    return trans.__('waiting until %1, because %2 is busy', time, host);
  }
  switch (job.phase) {
    case 'solve':
      return trans.__('solving');
    case 'download':
      return trans.__('downloading');
    case 'pack':
      return trans.__('packing Python');
    case 'link':
      return trans.__('installing');
    case 'swap':
      return trans.__('finishing');
    case 'check':
      return trans.__('checking');
    case 'clean':
      return trans.__('deleting');
    case null:
      return job.kind === 'delete'
        ? trans.__('deleting')
        : job.kind === 'rollout'
          ? trans.__('running')
          : trans.__('starting');
  }
}

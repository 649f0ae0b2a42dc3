import type { TranslationBundle } from '@jupyterlab/translation';

import type { Job } from '../../api/generated';

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as a person reads them: 512 B, 24 MB, 1.5 GB. */
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
  // One decimal where it says something: 1.5 GB, but 24 MB.
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** How much of a size is done: 212 / 340 MB, 0.9 / 1.5 GB. */
export function formatShare(done: number, total: number): string {
  const [value, unit] = formatBytes(done).split(' ');
  const whole = formatBytes(total);
  return whole.endsWith(` ${unit}`)
    ? `${value} / ${whole}`
    : `${value} ${unit} / ${whole}`;
}

/** What a job does now: "downloading 212 / 340 MB". */
export function describeProgress(job: Job, trans: TranslationBundle): string {
  const { done_bytes, total_bytes, done_packages, total_packages } =
    job.progress;
  if (job.state === 'queued') {
    return job.message;
  }
  switch (job.phase) {
    case 'solve':
      return trans.__('solving');
    case 'download':
      if (total_bytes > 0) {
        return trans.__('downloading %1', formatShare(done_bytes, total_bytes));
      }
      // How much there is to download is not always known.
      return done_bytes > 0
        ? trans.__('downloading %1', formatBytes(done_bytes))
        : trans.__('downloading');
    case 'pack':
      return total_packages > 0
        ? trans.__('packing %1 / %2', done_packages, total_packages)
        : trans.__('packing');
    case 'link':
      return total_packages > 0
        ? trans.__('installing %1 / %2', done_packages, total_packages)
        : trans.__('installing');
    case 'swap':
      return trans.__('finishing');
    case 'check':
      return trans.__('checking');
    case null:
      return job.kind === 'delete'
        ? trans.__('deleting')
        : trans.__('starting');
  }
}

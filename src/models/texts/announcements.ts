import type { TranslationBundle } from '@jupyterlab/translation';

import type { Job } from '../../api/generated';
import { hasFailed } from '../../api/jobs';
import type { IFailure } from '../../api/request';
import { describeProgress, formatBytes } from './units';

/** What a job is about, while it works: "Creating tf219: downloading 212 / 340 MB". */
export function describeDoing(job: Job, trans: TranslationBundle): string {
  return trans.__('%1: %2', subject(job, trans), describeProgress(job, trans));
}

/** What happened and what to do about it, in one text. */
export function toldOf({
  message,
  hint
}: Pick<IFailure, 'message' | 'hint'>): string {
  return hint ? `${message} ${hint}` : message;
}

/** What came of a job, in one sentence and its kind. */
export function describeOutcome(
  job: Job,
  trans: TranslationBundle
): { message: string; type: 'success' | 'warning' | 'error' | 'info' } {
  const { name } = job;
  if (hasFailed(job)) {
    const message = trans.__('%1: %2', subject(job, trans), toldOf(job.error));
    return { message, type: 'error' };
  }
  if (job.state === 'cancelled') {
    return {
      message: trans.__('%1: cancelled, nothing changed.', subject(job, trans)),
      type: 'info'
    };
  }
  const { request } = job;
  if (request && 'into' in request && request.into) {
    return { message: trans.__('%1 is ready.', name), type: 'success' };
  }
  switch (job.kind) {
    case 'create':
    case 'clone':
    case 'import':
      return { message: trans.__('%1 is ready.', name), type: 'success' };
    case 'update':
      return { message: trans.__('%1 is updated.', name), type: 'success' };
    case 'install':
    case 'remove':
      return { message: trans.__('%1 is changed.', name), type: 'success' };
    case 'rename':
      return {
        message: trans.__('It is called %1 now.', name),
        type: 'success'
      };
    case 'revert':
      return {
        message: trans.__('%1 is as it was before.', name),
        type: 'success'
      };
    case 'delete':
      return { message: trans.__('%1 is deleted.', name), type: 'success' };
    case 'check':
      return job.result?.ok
        ? { message: trans.__('%1 works.', name), type: 'success' }
        : { message: trans.__('%1 has problems.', name), type: 'warning' };
    case 'build-channel':
      return {
        message: trans.__('The local channel is ready, and in use.'),
        type: 'success'
      };
  }
}

/** What a job could not delete: how much in a sentence, where and why in the details. */
export function describeLeftovers(
  job: Job,
  trans: TranslationBundle
): Omit<IFailure, 'reason'> {
  const files = job.leftovers.reduce((sum, item) => sum + item.files, 0);
  const bytes = job.leftovers.reduce((sum, item) => sum + item.bytes, 0);
  return {
    message: trans._n(
      '%2: %1 file (%3) could not be deleted.',
      '%2: %1 files (%3) could not be deleted.',
      files,
      job.name,
      formatBytes(bytes)
    ),
    hint: trans.__(
      'These files no longer belong to any environment. The server tries to delete them again after the next job and when it starts; you can also delete the folder yourself.'
    ),
    details: job.leftovers
      .map(item => `${item.path}\n${item.reason}`)
      .join('\n\n')
  };
}

function subject(job: Job, trans: TranslationBundle): string {
  const { name } = job;
  switch (job.kind) {
    case 'create':
    case 'clone':
    case 'import':
      return trans.__('Creating %1', name);
    case 'install':
    case 'remove':
      return trans.__('Changing %1', name);
    case 'update':
      return trans.__('Updating %1', name);
    case 'rename':
      return trans.__('Renaming to %1', name);
    case 'revert':
      return trans.__('Reverting %1', name);
    case 'delete':
      return trans.__('Deleting %1', name);
    case 'check':
      return trans.__('Checking %1', name);
    case 'build-channel':
      return trans.__('Building a local channel');
  }
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Job } from '../../api/generated';
import { hasFailed } from '../../api/jobs';
import type { IFailure } from '../../api/request';
import { describePhase, formatBytes } from './units';

/**
 * Describe an active job: "Creating tf219: downloading".
 *
 * Screen readers speak a notification whenever its text changes, so the text has no numbers.
 */
export function describeActive(job: Job, trans: TranslationBundle): string {
  return trans.__('%1: %2', subject(job, trans), describePhase(job, trans));
}

/** Join an error's message and hint into one text. */
export function messageWithHint({
  message,
  hint
}: Pick<IFailure, 'message' | 'hint'>): string {
  return hint ? `${message} ${hint}` : message;
}

/** Describe a finished job in one sentence, with the type of its notification. */
export function describeOutcome(
  job: Job,
  trans: TranslationBundle
): { message: string; type: 'success' | 'warning' | 'error' | 'info' } {
  const { name } = job;
  if (hasFailed(job)) {
    const message = trans.__(
      '%1: %2',
      subject(job, trans),
      messageWithHint(job.error)
    );
    return { message, type: 'error' };
  }
  if (
    job.state === 'cancelled' &&
    (job.kind === 'clean' || job.kind === 'rollout')
  ) {
    return { message: trans.__('%1.', job.message), type: 'info' };
  }
  if (job.state === 'cancelled') {
    return {
      message: trans.__(
        '%1: cancelled. Nothing was changed.',
        subject(job, trans)
      ),
      type: 'info'
    };
  }
  // A job can succeed although something did not work, such as its kernel.
  const problem = job.warnings.find(warning => warning.severity !== 'info');
  if (problem) {
    return {
      message: trans.__('%1: %2 %3', name, `${job.message}.`, problem.message),
      type: 'warning'
    };
  }
  const { request } = job;
  if (request && 'into' in request && request.into) {
    return { message: trans.__('%1 is ready.', name), type: 'success' };
  }
  switch (job.kind) {
    case 'create':
    case 'clone':
    case 'overlay':
    case 'import':
    case 'match':
      return { message: trans.__('%1 is ready.', name), type: 'success' };
    case 'update':
      return { message: trans.__('%1 was updated.', name), type: 'success' };
    case 'install':
    case 'remove':
      return { message: trans.__('%1 was changed.', name), type: 'success' };
    case 'rename':
      return {
        message: trans.__('Renamed to %1.', name),
        type: 'success'
      };
    case 'revert':
      return {
        message: trans.__('%1 was reverted.', name),
        type: 'success'
      };
    case 'repair':
      return { message: trans.__('%1 was repaired.', name), type: 'success' };
    case 'delete':
      return {
        message: [
          trans.__('%1 was deleted.', name),
          ...(job.undo ? [describeUndo(job.undo, trans)] : [])
        ].join(' '),
        type: 'success'
      };
    case 'restore':
      return { message: trans.__('%1 was restored.', name), type: 'success' };
    case 'check':
      if (job.cluster !== null) {
        return {
          message: trans._n(
            '%2: TensorFlow works on %1 worker.',
            '%2: TensorFlow works on %1 workers.',
            job.nodes.length,
            name
          ),
          type: 'success'
        };
      }
      return job.result?.ok
        ? { message: trans.__('%1 works.', name), type: 'success' }
        : { message: trans.__('%1 has problems.', name), type: 'warning' };
    case 'clean':
      // The server says how much was freed.
      return { message: trans.__('%1.', job.message), type: 'success' };
    case 'rollout':
      return {
        message: trans._n(
          '%2: %1 worker is done.',
          '%2: %1 workers are done.',
          job.nodes.length,
          name
        ),
        type: 'success'
      };
    case 'build-channel':
      return {
        message: trans.__('The local channel is ready and in use.'),
        type: 'success'
      };
  }
}

/** Say until when a deletion can be undone, and what is freed then. */
function describeUndo(
  { until, bytes }: NonNullable<Job['undo']>,
  trans: TranslationBundle
): string {
  const time = new Date(until).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit'
  });
  return bytes === null
    ? trans.__('You can undo this until %1.', time)
    : trans.__(
        'Its %2 are freed at %1. Until then, you can undo this.',
        time,
        formatBytes(bytes)
      );
}

/** Describe the files that a job could not delete; the details list the paths and reasons. */
export function describeLeftovers(
  job: Job,
  trans: TranslationBundle
): Pick<IFailure, 'message' | 'hint' | 'details'> {
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
      'The files do not belong to any environment. The server tries to delete them again after the next job and when it starts. You can also delete the directory yourself.'
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
    case 'overlay':
    case 'import':
      return trans.__('Creating %1', name);
    case 'install':
    case 'remove':
    case 'match':
      return trans.__('Changing %1', name);
    case 'update':
      return trans.__('Updating %1', name);
    case 'rename':
      return trans.__('Renaming to %1', name);
    case 'revert':
      return trans.__('Reverting %1', name);
    case 'repair':
      return trans.__('Repairing %1', name);
    case 'delete':
      return trans.__('Deleting %1', name);
    case 'restore':
      return trans.__('Restoring %1', name);
    case 'check':
      return trans.__('Checking %1', name);
    case 'clean':
      return trans.__('Freeing up space');
    case 'rollout':
      return trans.__('Rolling out %1', name);
    case 'build-channel':
      return trans.__('Building a local channel');
  }
}

import type { Job } from '../../api/generated';

/** Whether a job is queued or running. */
export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/** Whether a job can be cancelled. From the swap on, the change has taken effect. */
export function canCancel(job: Job): boolean {
  return isActive(job) && job.phase !== 'swap';
}

const ORDER: Record<Job['state'], number> = {
  queued: 0,
  running: 1,
  succeeded: 2,
  failed: 2,
  cancelled: 2,
  interrupted: 2
};

/** Whether a description of a job is newer than the known one. An event can overtake a response. */
export function isNewer(job: Job, known: Job): boolean {
  return (
    ORDER[job.state] > ORDER[known.state] ||
    (ORDER[job.state] === ORDER[known.state] &&
      (isActive(job)
        ? job.progress.fraction >= known.progress.fraction
        : job.leftovers.length > known.leftovers.length ||
          (job.undo === null && known.undo !== null)))
  );
}

/** Whether a job is a deletion that can still be undone. */
export function canUndo({ undo }: Job): boolean {
  return undo !== null && Date.parse(undo.until) > Date.now();
}

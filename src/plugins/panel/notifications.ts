import { Notification } from '@jupyterlab/apputils';

import type { Job } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { showDetails } from '../../dialogs/failureDetails';
import { offerRestart } from '../../dialogs/offerRestart';
import { canCancel, canUndo, isActive } from '../../models/state/job';
import {
  describeActive,
  describeLeftovers,
  describeOutcome
} from '../../models/texts/announcements';
import { Outcomes } from './outcomes';
import { managerClient } from './plugin';

/** Milliseconds between two updates of a notification in which only the progress changes. */
const INTERVAL = 500;
/** Milliseconds after which a result that needs no attention closes. */
const CLOSE_AFTER = 10_000;
/** The id of no notification. */
const NONE = 'none';

/** Plugin that shows one notification for each job: its progress with Cancel, then its result. */
export const notificationsPlugin = managerClient({
  id: 'tfenv-lab:notifications',
  description: 'Shows jobs in notifications.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { environments, jobs } = manager;
    const shown = new Map<string, IShown>();
    const outcomes = new Outcomes();

    const action = (
      label: string,
      command: string,
      args: Record<string, string>
    ): Notification.IAction => ({
      label,
      callback: () => {
        void commands.execute(command, args);
      }
    });

    const showProgress = (job: Job): void => {
      const before = shown.get(job.id);
      const stage = `${job.state} ${job.phase} ${job.waiting_for?.until}`;
      if (before?.stage === stage && Date.now() - before.at < INTERVAL) {
        return;
      }
      if (!before) {
        // What was said about the environment before is no longer true.
        outcomes.close(job.prefix);
      }
      const message = describeActive(job, trans);
      const options = {
        autoClose: false as const,
        progress: job.progress.fraction,
        actions: canCancel(job)
          ? [action(trans.__('Cancel'), CommandIDs.cancelJob, { job: job.id })]
          : []
      };
      const id =
        before?.id ?? Notification.emit(message, 'in-progress', options);
      if (before) {
        Notification.update({ id, message, type: 'in-progress', ...options });
      }
      shown.set(job.id, { id, stage, at: Date.now() });
    };

    const showOutcome = async (job: Job): Promise<void> => {
      const before = shown.get(job.id);
      shown.delete(job.id);
      // The buttons depend on the environment after the change.
      await environments.refresh();
      const outcome = describeOutcome(job, trans);
      const isPassing = outcome.type === 'success' || outcome.type === 'info';
      const actions = await actionsFor(job);
      // A notification with a progress bar never closes by itself, so the result gets a new notification.
      Notification.dismiss(before?.id ?? NONE);
      outcomes.show(
        job.prefix,
        {
          ...outcome,
          autoClose: isPassing ? CLOSE_AFTER : false,
          actions
        },
        job.automatic
      );
    };

    const actionsFor = async (job: Job): Promise<Notification.IAction[]> => {
      const environment = environments.byPrefix(job.prefix);
      if (job.state === 'failed' || job.state === 'interrupted') {
        const details = trans.__('Show Details');
        return [action(details, CommandIDs.showJob, { job: job.id })];
      }
      if (canUndo(job)) {
        return [
          action(trans.__('Undo'), CommandIDs.undoDeletion, { job: job.id }),
          action(trans.__('Delete at Once'), CommandIDs.finishDeletion, {
            job: job.id
          })
        ];
      }
      if (job.state !== 'succeeded' || !environment) {
        return [];
      }
      if (job.kind === 'check') {
        return [
          action(trans.__('Show Check'), CommandIDs.showEnvironment, {
            environment: environment.id,
            tab: job.cluster === null ? 'check' : 'cluster'
          })
        ];
      }
      const kernel = environment.kernel?.name;
      return kernel
        ? [
            ...(await offerRestart(app, kernel, trans)),
            action(trans.__('Open Notebook'), CommandIDs.openNotebook, {
              environment: environment.id
            })
          ]
        : [];
    };

    const showLeftovers = (job: Job): void => {
      const found = describeLeftovers(job, trans);
      Notification.warning(found.message, {
        autoClose: false,
        actions: [
          {
            label: trans.__('Show Details'),
            callback: () => {
              void showDetails(job.name, found, trans);
            }
          }
        ]
      });
    };

    environments.stateChanged.connect(({ environments: known }) => {
      if (known) {
        outcomes.keepOnly(new Set(known.map(item => item.prefix)));
      }
    });
    jobs.leftoversFound.connect((_, job) => showLeftovers(job));
    jobs.jobChanged.connect((_, job) => {
      if (isActive(job) && !job.automatic) {
        showProgress(job);
      }
    });
    jobs.jobFinished.connect((_, job) => {
      // Of automatic jobs, only problems are shown.
      if (!job.automatic || job.result?.ok === false) {
        void showOutcome(job);
      }
    });
  }
});

interface IShown {
  /** Id of the notification. */
  readonly id: string;
  readonly stage: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

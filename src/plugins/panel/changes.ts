import type { PlanRequest, RenameRequest } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { notifyFailure, showDetails } from '../../dialogs/failureDetails';
import {
  confirmRename,
  runningKernels,
  shutDown
} from '../../dialogs/shutDownKernels';
import { plannable } from '../../models/state/plans';
import { plan } from '../../plan';
import { managerClient } from './plugin';

/** Arguments of every command that acts on one job. */
const JOB_ARGS = {
  args: {
    type: 'object',
    required: ['job'],
    properties: { job: { type: 'string', description: 'Job id.' } }
  }
} as const;

/** Plugin with the commands for the steps of a change: plan, review, job. */
export const changesPlugin = managerClient({
  id: 'tfenv-lab:changes',
  description: 'Adds the commands that plan changes and follow their jobs.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { jobs, navigation, plans } = manager;

    commands.addCommand(CommandIDs.makePlan, {
      label: trans.__('Plan Change'),
      caption: trans.__('Show what a change would do before it is applied'),
      describedBy: {
        args: {
          type: 'object',
          required: ['request'],
          properties: {
            request: {
              type: 'object',
              description: 'A plan request of the REST contract.'
            },
            then: {
              type: 'array',
              items: { type: 'object' },
              description: 'Plan requests to review after that, one by one.'
            }
          }
        }
      },
      execute: async args => {
        await commands.execute(CommandIDs.openPanel);
        navigation.open({ name: 'review' });
        const request = args.request as unknown as PlanRequest;
        await plans.make(
          plannable(request, manager.environments),
          (args.then ?? []) as unknown as PlanRequest[]
        );
      }
    });
    commands.addCommand(CommandIDs.applyPlan, {
      label: trans.__('Apply Plan'),
      caption: trans.__('Apply the plan under review'),
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => plans.plan !== null && !plans.isApplying,
      execute: async () => {
        const request = plans.request;
        if (request?.kind === 'rename' && !(await mayRename(request))) {
          return;
        }
        const isCleaning = request?.kind === 'clean';
        if (request && (await plans.apply(plan => jobs.start(plan)))) {
          const isHere = 'environment' in request && !createsAnother(request);
          const [next, ...then] = plans.then;
          if (next) {
            await plan(commands, next, then);
          } else if (isHere || isCleaning) {
            navigation.back();
          } else {
            navigation.home();
          }
        }
      }
    });

    /** Ask about the running kernels of an environment that gets another name, and shut them down. */
    const mayRename = async (request: RenameRequest): Promise<boolean> => {
      const { client } = manager.environments;
      const environment = manager.environments.get(request.environment);
      const kernels = environment
        ? await runningKernels(client, environment)
        : [];
      if (!environment || kernels.length === 0) {
        return true;
      }
      const answer = await confirmRename(environment, kernels, trans);
      try {
        if (answer === 'shut-down') {
          await shutDown(client, environment, app);
        }
      } catch (error) {
        notifyFailure(environment.name, toFailure(error), trans);
        return false;
      }
      return answer !== null;
    };

    /** Add a command that acts on a job. Its errors are shown in a notification. */
    const add = (
      id: string,
      label: string,
      caption: string,
      execute: (job: string) => Promise<unknown>
    ): void => {
      commands.addCommand(id, {
        label,
        caption,
        describedBy: JOB_ARGS,
        execute: async args => {
          try {
            await execute(String(args.job));
          } catch (error) {
            notifyFailure(label, toFailure(error), trans);
          }
        }
      });
    };

    add(
      CommandIDs.cancelJob,
      trans.__('Cancel'),
      trans.__('Stop the job and leave the environment unchanged'),
      id => jobs.cancel(id)
    );
    add(
      CommandIDs.dismissJob,
      trans.__('Dismiss'),
      trans.__('Hide this error'),
      id => jobs.dismiss(id)
    );
    add(
      CommandIDs.retryJob,
      trans.__('Retry'),
      trans.__('Plan the same request again'),
      async id => {
        const request = jobs.get(id)?.request;
        if (request) {
          await plan(commands, request);
        }
      }
    );
    add(
      CommandIDs.showJob,
      trans.__('Show Log'),
      trans.__("Show the job's error and output"),
      async id => {
        const job = jobs.get(id);
        const error = job?.error ?? null;
        let log = '';
        let missing = trans.__('This job has no log.');
        try {
          log = await jobs.client.log(id);
        } catch (error) {
          missing = trans.__(
            'The log cannot be read: %1',
            toFailure(error).message
          );
        }
        const text = [error?.details, log].filter(Boolean).join('\n\n');
        await showDetails(
          trans.__('Log of %1', job?.name ?? id),
          {
            message: error?.message ?? '',
            hint: error?.hint ?? null,
            details: text || missing
          },
          trans
        );
      }
    );
  }
});

/** Whether a request creates another environment than the one it names. */
function createsAnother(request: PlanRequest): boolean {
  return (
    request.kind === 'clone' ||
    request.kind === 'rename' ||
    ('into' in request && !!request.into)
  );
}

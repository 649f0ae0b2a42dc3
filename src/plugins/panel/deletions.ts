import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Environment, Job, Size } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { confirmDelete } from '../../dialogs/deleteEnvironment';
import { notifyFailure } from '../../dialogs/failureDetails';
import { runningKernels, shutDown } from '../../dialogs/shutDownKernels';
import { freeName } from '../../models/form/naming';
import { ITfenvManager } from '../../tokens';

/** Arguments of the commands that act on a deletion. */
const ARGS = {
  args: {
    type: 'object',
    properties: {
      job: {
        type: 'string',
        description: 'Id of the job that deleted; defaults to the newest.'
      }
    }
  }
} as const;

const UNDO_ARGS = {
  args: {
    ...ARGS.args,
    properties: {
      ...ARGS.args.properties,
      name: {
        type: 'string',
        description: 'Another name for the restored environment.'
      }
    }
  }
} as const;

/** Ask whether to delete environments, and start a job for each. Resolves with whether the user agreed. */
export async function deleteEnvironments(
  environments: readonly Environment[],
  app: JupyterFrontEnd,
  manager: ITfenvManager,
  trans: TranslationBundle
): Promise<boolean> {
  const { client } = manager.environments;
  const size = Promise.all(environments.map(({ id }) => client.size(id)))
    .then(sumOf)
    .catch(() => null);
  const running = await Promise.all(
    environments.map(each => runningKernels(client, each))
  );
  if (!manager.status.status) {
    await manager.status.refresh();
  }
  const minutes = manager.status.status?.limits.undo_minutes ?? 0;
  const question = { environments, kernels: running.flat(), size, minutes };
  const answer = await confirmDelete(question, trans);
  if (!answer) {
    return false;
  }
  for (const [index, each] of environments.entries()) {
    try {
      if (answer.shutDown && running[index].length > 0) {
        await shutDown(client, each, app);
      }
      manager.jobs.update(await client.delete(each.id, answer.atOnce));
    } catch (error) {
      // The others are deleted all the same.
      notifyFailure(each.name, toFailure(error), trans);
    }
  }
  return true;
}

/** Plugin with the commands that undo a deletion, or finish it at once. */
export const deletionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:deletions',
  description: 'Adds the commands that undo a deletion, or finish it at once.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands } = app;
    const { jobs } = manager;

    const find = (id: unknown): Job | undefined =>
      typeof id === 'string' ? jobs.get(id) : jobs.undoable;

    /** Ask the server to do something with a deletion. Show its refusal, and return it. */
    const act = async (
      deletion: Job,
      request: (id: string) => Promise<Job>
    ): Promise<IFailure | null> => {
      try {
        jobs.update(await request(deletion.id));
        return null;
      } catch (error) {
        const failure = toFailure(error);
        notifyFailure(deletion.name, failure, trans);
        return failure;
      }
    };

    commands.addCommand(CommandIDs.undoDeletion, {
      label: args => {
        const deletion = find(args.job);
        return deletion && args.isPalette
          ? trans.__('Undo Deletion of %1', deletion.name)
          : trans.__('Undo Deletion');
      },
      caption: trans.__('Restore the environment that was deleted'),
      describedBy: UNDO_ARGS,
      isEnabled: args => find(args.job) !== undefined,
      execute: async args => {
        const deletion = find(args.job);
        const name = typeof args.name === 'string' ? args.name : null;
        const failure =
          deletion && (await act(deletion, id => jobs.client.undo(id, name)));
        if (deletion && failure?.reason === 'prefix-exists') {
          offerNames(deletion);
        }
      }
    });
    commands.addCommand(CommandIDs.finishDeletion, {
      label: trans.__('Delete at Once'),
      caption: trans.__('Delete the files now, so that nothing can be undone'),
      describedBy: ARGS,
      isEnabled: args => find(args.job) !== undefined,
      execute: async args => {
        const deletion = find(args.job);
        if (
          deletion &&
          !(await act(deletion, id => jobs.client.finishDeletion(id)))
        ) {
          void manager.status.refresh();
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.undoDeletion,
      category: trans.__('TensorFlow Environments'),
      args: { isPalette: true }
    });

    /** Offer another name to a deleted environment, or to the one that has its name now. */
    const offerNames = ({ id, name, prefix }: Job): void => {
      const other = manager.environments.byPrefix(prefix);
      const args = { environment: other?.id ?? null };
      const free = freeName(name, manager.environments.names);
      Notification.info(
        trans.__(
          'Restore %1 under another name, or rename the other environment first.',
          name
        ),
        {
          autoClose: false,
          actions: [
            {
              label: trans.__('Restore as %1', free),
              callback: () => {
                void commands.execute(CommandIDs.undoDeletion, {
                  job: id,
                  name: free
                });
              }
            },
            ...(other
              ? [
                  {
                    label: trans.__('Rename the Other…'),
                    callback: () => {
                      void commands.execute(CommandIDs.renameEnvironment, args);
                    }
                  }
                ]
              : []),
            {
              label: trans.__('Undo Deletion'),
              callback: () => {
                void commands.execute(CommandIDs.undoDeletion, { job: id });
              }
            }
          ]
        }
      );
    };
  }
};

function sumOf(sizes: readonly Size[]): Size {
  return sizes.reduce(
    (sum, { bytes, shared }) => ({
      bytes: sum.bytes + bytes,
      shared: sum.shared + shared
    }),
    { bytes: 0, shared: 0 }
  );
}

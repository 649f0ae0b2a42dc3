import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Environment, KernelSettings } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { confirmDelete } from '../../dialogs/deleteEnvironment';
import { notifyFailure } from '../../dialogs/failureDetails';
import { askCloneName, askNewName } from '../../dialogs/names';
import { offerRestart } from '../../dialogs/offerRestart';
import {
  kerasGeneration,
  legacyKerasRequest
} from '../../models/notebook/keras';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';

/** Arguments of every command that acts on one environment. */
export const ENVIRONMENT_ARGS = {
  args: {
    type: 'object',
    properties: {
      environment: {
        type: 'string',
        description: 'Id; without it, the row under the context menu.'
      },
      packages: {
        type: 'array',
        items: { type: 'string' },
        description: 'What to update; TensorFlow without it.'
      }
    }
  }
} as const;

const SETTINGS_ARGS = {
  args: {
    type: 'object',
    required: ['environment', 'settings'],
    properties: {
      environment: { type: 'string', description: 'Id.' },
      settings: {
        type: 'object',
        description: 'What changes, as the REST contract has it.'
      }
    }
  }
} as const;

/**
 * Find the environment that a command means: by its argument, else the row that the context menu was opened on.
 */
export function environmentFinder(
  app: JupyterFrontEnd,
  manager: ITfenvManager
): (args: ReadonlyPartialJSONObject) => Environment | undefined {
  return args => {
    const id =
      args.environment ??
      app.contextMenuHitTest(node => node.dataset.environment !== undefined)
        ?.dataset.environment;
    return typeof id === 'string' ? manager.environments.get(id) : undefined;
  };
}

/** Commands that change an environment, or what belongs to it. */
export const environmentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:environments',
  description: 'Adds the commands of an environment.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands } = app;
    const { environments, jobs } = manager;
    const find = environmentFinder(app, manager);

    /** Add a command that acts on an environment; a failure is told in a notification. */
    const add = (id: string, options: IEnvironmentCommand): void => {
      commands.addCommand(id, {
        label: options.label,
        caption: args => {
          const environment = find(args);
          return (
            (environment && options.refusal?.(environment)) || options.caption
          );
        },
        describedBy: options.describedBy ?? ENVIRONMENT_ARGS,
        isVisible: args => {
          const environment = find(args);
          return !environment || (options.isVisible?.(environment) ?? true);
        },
        isEnabled: args => {
          const environment = find(args);
          return environment !== undefined && !options.refusal?.(environment);
        },
        execute: async args => {
          const environment = find(args);
          if (environment) {
            try {
              await options.execute(environment, args);
            } catch (error) {
              notifyFailure(environment.name, toFailure(error), trans);
            }
          }
        }
      });
    };

    /** Why an environment must not be changed now; null when it may. */
    const refusal = (environment: Environment): string | null =>
      environment.protected_reason ??
      (environment.protected || !environment.writable
        ? trans.__('It cannot be changed by you.')
        : jobs.activeOn(environment.prefix)
          ? trans.__('Something is being done with it already.')
          : null);

    add(CommandIDs.updateEnvironment, {
      label: trans.__('Update TensorFlow…'),
      caption: trans.__('Plan the newest TensorFlow for this environment'),
      refusal,
      isVisible: ({ tensorflow }) => tensorflow !== null,
      execute: ({ id }, args) =>
        plan(commands, {
          kind: 'update',
          environment: id,
          packages: packagesOf(args)
        })
    });
    add(CommandIDs.updateAll, {
      label: trans.__('Update All Packages…'),
      caption: trans.__('Plan the newest of everything that it has'),
      refusal,
      execute: ({ id }) =>
        plan(commands, { kind: 'update', environment: id, packages: 'all' })
    });
    add(CommandIDs.cloneEnvironment, {
      label: trans.__('Clone…'),
      caption: trans.__('Plan a copy of it under another name'),
      execute: async environment => {
        const taken = environments.names;
        const name = await askCloneName(environment, taken, trans);
        if (name) {
          const { id } = environment;
          await plan(commands, { kind: 'clone', environment: id, name });
        }
      }
    });
    add(CommandIDs.renameEnvironment, {
      label: trans.__('Rename…'),
      caption: trans.__('Plan the same environment under another name'),
      refusal,
      execute: async environment => {
        const name = await askNewName(environment, trans);
        if (name) {
          const { id } = environment;
          await plan(commands, { kind: 'rename', environment: id, name });
        }
      }
    });
    add(CommandIDs.deleteEnvironment, {
      label: trans.__('Delete…'),
      caption: trans.__('Remove the environment with its packages and kernel'),
      refusal,
      execute: async environment => {
        if (await confirmDelete(environment, trans)) {
          jobs.update(await environments.client.delete(environment.id));
          manager.navigation.home();
        }
      }
    });
    add(CommandIDs.checkEnvironment, {
      label: trans.__('Check'),
      caption: trans.__('Run TensorFlow in it, and see whether it works'),
      refusal: ({ prefix }) =>
        jobs.activeOn(prefix)
          ? trans.__('Something is being done with it already.')
          : null,
      execute: async ({ id }) => {
        jobs.update(await environments.client.check(id));
        await commands.execute(CommandIDs.showEnvironment, {
          environment: id,
          tab: 'check'
        });
      }
    });
    add(CommandIDs.setKernel, {
      label: trans.__('Set for Its Kernel'),
      caption: trans.__('Change what is set for the kernel of it'),
      describedBy: SETTINGS_ARGS,
      execute: async ({ id, name }, args) => {
        const settings = args.settings as KernelSettings;
        const changed = await environments.client.registerKernelspec(
          id,
          settings
        );
        await reread();
        const actions = changed.kernel
          ? await offerRestart(app, changed.kernel.name, trans)
          : [];
        const message = trans.__('The kernel of %1 is set.', name);
        Notification.success(message, { autoClose: 10000, actions });
      }
    });
    add(CommandIDs.useKeras2, {
      label: trans.__('Use Keras 2 (tf-keras)…'),
      caption: trans.__('Have tf.keras be Keras 2 in its notebooks'),
      refusal,
      isVisible: environment => kerasGeneration(environment) === 3,
      execute: async environment => {
        const request = legacyKerasRequest(environment);
        await (request ? plan(commands, request) : setKeras(environment, true));
      }
    });
    add(CommandIDs.useKeras3, {
      label: trans.__('Use Keras 3'),
      caption: trans.__('Have tf.keras be Keras 3 in its notebooks'),
      refusal,
      isVisible: environment => kerasGeneration(environment) === 2,
      execute: environment => setKeras(environment, false)
    });
    add(CommandIDs.registerKernel, {
      label: trans.__('Make It a Kernel'),
      caption: trans.__('Offer the environment to notebooks'),
      isVisible: ({ kernel }) => kernel === null,
      execute: async ({ id }) => {
        await environments.client.registerKernelspec(id);
        await reread();
      }
    });
    add(CommandIDs.unregisterKernel, {
      label: trans.__('Take Its Kernel Away'),
      caption: trans.__('Notebooks no longer see it; the environment stays'),
      isVisible: ({ kernel }) => kernel !== null,
      execute: async ({ id }) => {
        await environments.client.unregisterKernelspec(id);
        await reread();
      }
    });
    add(CommandIDs.copyPrefix, {
      label: trans.__('Copy Path'),
      caption: trans.__('Copy the path of the environment'),
      execute: async ({ prefix }) => Clipboard.copyToSystem(prefix)
    });

    const setKeras = (
      { id }: Environment,
      legacy_keras: boolean
    ): Promise<unknown> =>
      commands.execute(CommandIDs.setKernel, {
        environment: id,
        settings: { legacy_keras }
      });

    const reread = async (): Promise<void> => {
      await environments.refresh();
      await app.serviceManager.kernelspecs.refreshSpecs();
    };
  }
};

/** What the arguments of a command say is to be updated; TensorFlow where they do not. */
function packagesOf(args: ReadonlyPartialJSONObject): readonly string[] {
  return Array.isArray(args.packages)
    ? args.packages.map(String)
    : ['tensorflow'];
}

interface IEnvironmentCommand {
  readonly describedBy?: CommandRegistry.ICommandOptions['describedBy'];
  readonly label: string;
  readonly caption: string;
  /** Why it cannot be done with this environment now; null when it can. */
  readonly refusal?: (environment: Environment) => string | null;
  readonly isVisible?: (environment: Environment) => boolean;
  readonly execute: (
    environment: Environment,
    args: ReadonlyPartialJSONObject
  ) => Promise<unknown>;
}

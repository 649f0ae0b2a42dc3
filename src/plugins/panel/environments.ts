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
import { notifyFailure, notifyGone } from '../../dialogs/failureDetails';
import { askCopyName, askNewName } from '../../dialogs/names';
import { offerRestart } from '../../dialogs/offerRestart';
import {
  kerasGeneration,
  legacyKerasRequest
} from '../../models/notebook/keras';
import { isProtected, refusalOf } from '../../models/texts/refusal';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';
import { addToContextMenu } from '../../widgets/menus';
import { deleteEnvironments } from './deletions';

/** Arguments of every command that acts on one environment. */
export const ENVIRONMENT_ARGS = {
  args: {
    type: 'object',
    properties: {
      environment: {
        type: 'string',
        description:
          'Environment id; defaults to the row under the context menu.'
      },
      packages: {
        type: 'array',
        items: { type: 'string' },
        description: 'Packages to update; defaults to TensorFlow.'
      }
    }
  }
} as const;

const SETTINGS_ARGS = {
  args: {
    type: 'object',
    required: ['environment', 'settings'],
    properties: {
      environment: { type: 'string', description: 'Environment id.' },
      settings: {
        type: 'object',
        description: 'Settings to change, as in the REST contract.'
      }
    }
  }
} as const;

/**
 * Return a function that finds a command's environment: by its argument, else by the row under the context menu.
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

/** Plugin with the commands that act on one environment. */
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

    /** Add a command that acts on an environment. Its errors are shown in a notification. */
    const add = (id: string, options: IEnvironmentCommand): void => {
      commands.addCommand(id, {
        label: args => {
          const environment = find(args);
          return environment && isProtected(environment)
            ? (options.copyLabel ?? options.label)
            : options.label;
        },
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
          } else {
            notifyGone(trans);
          }
        }
      });
    };

    /** Return why an environment cannot be used by a job now; null if it can. */
    const busy = ({ prefix }: Environment): string | null =>
      jobs.activeOn(prefix)
        ? trans.__('Another job is running on this environment.')
        : null;

    /** Return why an environment cannot be changed now; null if it can. */
    const refusal = (environment: Environment): string | null =>
      refusalOf(environment, trans) ?? busy(environment);

    add(CommandIDs.updateEnvironment, {
      label: trans.__('Update TensorFlow…'),
      copyLabel: trans.__('Update TensorFlow in a Copy…'),
      caption: trans.__('Plan an update to the newest TensorFlow'),
      refusal: busy,
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
      copyLabel: trans.__('Update All Packages in a Copy…'),
      caption: trans.__('Plan an update of every package'),
      refusal: busy,
      execute: ({ id }) =>
        plan(commands, { kind: 'update', environment: id, packages: 'all' })
    });
    add(CommandIDs.cloneEnvironment, {
      label: trans.__('Copy…'),
      caption: trans.__('Plan a copy of the environment under another name'),
      execute: async environment => {
        const taken = environments.names;
        const name = await askCopyName(environment, taken, trans);
        if (name) {
          const { id } = environment;
          await plan(commands, { kind: 'clone', environment: id, name });
        }
      }
    });
    add(CommandIDs.renameEnvironment, {
      label: trans.__('Rename…'),
      caption: trans.__('Plan a new name for the environment'),
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
      caption: trans.__('Delete the environment, its packages and its kernel'),
      refusal,
      execute: async environment => {
        if (await deleteEnvironments([environment], app, manager, trans)) {
          manager.navigation.home();
        }
      }
    });
    add(CommandIDs.checkEnvironment, {
      label: trans.__('Check'),
      caption: trans.__('Test whether TensorFlow works in this environment'),
      refusal: busy,
      execute: async ({ id }) => {
        jobs.update(await environments.client.check(id));
        await commands.execute(CommandIDs.showEnvironment, {
          environment: id,
          tab: 'check'
        });
      }
    });
    add(CommandIDs.setKernel, {
      label: trans.__('Kernel Settings…'),
      caption: trans.__("Change the settings of the environment's kernel"),
      describedBy: SETTINGS_ARGS,
      execute: async ({ id, name }, args) => {
        const settings = args.settings as KernelSettings;
        const changed = await environments.client.registerKernelspec(
          id,
          settings
        );
        await refreshAll();
        const actions = changed.kernel
          ? await offerRestart(app, changed.kernel.name, trans)
          : [];
        const message = trans.__('The kernel settings of %1 are saved.', name);
        Notification.success(message, { autoClose: 10000, actions });
      }
    });
    add(CommandIDs.useKeras2, {
      label: trans.__('Use Keras 2 (tf-keras)…'),
      caption: trans.__(
        "Use Keras 2 as tf.keras in this environment's notebooks"
      ),
      refusal,
      isVisible: environment => kerasGeneration(environment) === 3,
      execute: async environment => {
        const request = legacyKerasRequest(environment);
        await (request ? plan(commands, request) : setKeras(environment, true));
      }
    });
    add(CommandIDs.useKeras3, {
      label: trans.__('Use Keras 3'),
      caption: trans.__(
        "Use Keras 3 as tf.keras in this environment's notebooks"
      ),
      refusal,
      isVisible: environment => kerasGeneration(environment) === 2,
      execute: environment => setKeras(environment, false)
    });
    add(CommandIDs.compareEnvironment, {
      label: trans.__('Compare with Another…'),
      caption: trans.__('Show which packages differ in another environment'),
      execute: async ({ id }) => {
        const others = (environments.environments ?? []).filter(
          item => item.id !== id
        );
        const other = others.find(item => item.tensorflow) ?? others[0];
        await commands.execute(CommandIDs.openPanel);
        manager.navigation.open({
          name: 'compare',
          left: { environment: id, revision: null },
          right: { environment: other?.id ?? id, revision: null }
        });
      }
    });
    add(CommandIDs.registerKernel, {
      label: trans.__('Show in Launcher'),
      caption: trans.__('Make the environment available to notebooks'),
      isVisible: ({ hidden, kernel }) => hidden || kernel === null,
      execute: async ({ id }) => {
        await environments.client.registerKernelspec(id);
        await refreshAll();
      }
    });
    add(CommandIDs.unregisterKernel, {
      label: trans.__('Hide from Launcher'),
      caption: trans.__(
        'Hide the environment from notebooks without deleting it'
      ),
      isVisible: ({ hidden, kernel }) => !hidden && kernel !== null,
      execute: async ({ id }) => {
        await environments.client.unregisterKernelspec(id);
        await refreshAll();
      }
    });
    add(CommandIDs.copyPrefix, {
      label: trans.__('Copy Path'),
      caption: trans.__("Copy the environment's path to the clipboard"),
      execute: async ({ prefix }) => Clipboard.copyToSystem(prefix)
    });

    addToContextMenu(app.contextMenu);

    const setKeras = (
      { id }: Environment,
      legacy_keras: boolean
    ): Promise<unknown> =>
      commands.execute(CommandIDs.setKernel, {
        environment: id,
        settings: { legacy_keras }
      });

    const refreshAll = async (): Promise<void> => {
      await environments.refresh();
      await app.serviceManager.kernelspecs.refreshSpecs();
    };
  }
};

/** Return the packages to update from a command's arguments; TensorFlow by default. */
function packagesOf(args: ReadonlyPartialJSONObject): readonly string[] {
  return Array.isArray(args.packages)
    ? args.packages.map(String)
    : ['tensorflow'];
}

interface IEnvironmentCommand {
  readonly describedBy?: CommandRegistry.ICommandOptions['describedBy'];
  readonly label: string;
  /** The label for an environment that can be changed only in a copy. */
  readonly copyLabel?: string;
  readonly caption: string;
  /** Why the command cannot run on this environment now; null if it can. */
  readonly refusal?: (environment: Environment) => string | null;
  readonly isVisible?: (environment: Environment) => boolean;
  readonly execute: (
    environment: Environment,
    args: ReadonlyPartialJSONObject
  ) => Promise<unknown>;
}

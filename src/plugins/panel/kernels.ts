import { Notification } from '@jupyterlab/apputils';

import type { Environment, KernelSettings } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { offerRestart } from '../../dialogs/offerRestart';
import {
  kerasGeneration,
  legacyKerasRequest
} from '../../models/notebook/keras';
import { plan } from '../../plan';
import { EnvironmentCommands } from './environmentCommands';
import { managerClient } from './plugin';

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

/** Plugin with the commands that act on the kernel of an environment. */
export const kernelsPlugin = managerClient({
  id: 'tfenv-lab:kernels',
  description: 'Adds the commands of the kernel of an environment.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { environments } = manager;
    const own = new EnvironmentCommands(app, manager, trans);
    const { refusal } = own;

    own.add(CommandIDs.setKernel, {
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
    own.add(CommandIDs.useKeras2, {
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
    own.add(CommandIDs.useKeras3, {
      label: trans.__('Use Keras 3'),
      caption: trans.__(
        "Use Keras 3 as tf.keras in this environment's notebooks"
      ),
      refusal,
      isVisible: environment => kerasGeneration(environment) === 2,
      execute: environment => setKeras(environment, false)
    });
    own.add(CommandIDs.registerKernel, {
      label: trans.__('Show in Launcher'),
      caption: trans.__('Make the environment available to notebooks'),
      isVisible: ({ hidden, kernel }) => hidden || kernel === null,
      execute: async ({ id }) => {
        await environments.client.registerKernelspec(id);
        await refreshAll();
      }
    });
    own.add(CommandIDs.unregisterKernel, {
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
});

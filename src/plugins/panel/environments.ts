import { Clipboard } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from '../../commandids';
import { askAddition } from '../../dialogs/addPackages';
import { askCopyName, askNewName } from '../../dialogs/names';
import { plan } from '../../plan';
import { addToContextMenu } from '../../widgets/menus';
import { deleteEnvironments } from './deletions';
import { EnvironmentCommands } from './environmentCommands';
import { managerClient } from './plugin';

/** Plugin with the commands that act on one environment. */
export const environmentsPlugin = managerClient({
  id: 'tfenv-lab:environments',
  description: 'Adds the commands of an environment.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { clusters, environments, jobs } = manager;
    const own = new EnvironmentCommands(app, manager, trans);
    const { busy, refusal } = own;

    own.add(CommandIDs.updateEnvironment, {
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
    own.add(CommandIDs.updateAll, {
      label: trans.__('Update All Packages…'),
      copyLabel: trans.__('Update All Packages in a Copy…'),
      caption: trans.__('Plan an update of every package'),
      refusal: busy,
      execute: ({ id }) =>
        plan(commands, { kind: 'update', environment: id, packages: 'all' })
    });
    own.add(CommandIDs.addPackages, {
      label: trans.__('Add Packages…'),
      caption: trans.__(
        'Plan an environment that adds packages to this one without copying it'
      ),
      isVisible: ({ shared }) => shared !== null,
      execute: async environment => {
        const taken = environments.names;
        const addition = await askAddition(environment, taken, trans);
        if (addition) {
          const { id } = environment;
          await plan(commands, {
            kind: 'overlay',
            environment: id,
            ...addition
          });
        }
      }
    });
    own.add(CommandIDs.cloneEnvironment, {
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
    own.add(CommandIDs.renameEnvironment, {
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
    own.add(CommandIDs.deleteEnvironment, {
      label: trans.__('Delete…'),
      caption: trans.__('Delete the environment, its packages and its kernel'),
      refusal,
      execute: async environment => {
        if (await deleteEnvironments([environment], app, manager, trans)) {
          manager.navigation.home();
        }
      }
    });
    own.add(CommandIDs.checkEnvironment, {
      label: trans.__('Check'),
      caption: trans.__('Test whether TensorFlow works in this environment'),
      refusal: busy,
      // With a cluster, its workers check the environment.
      execute: async ({ id }, { cluster }) => {
        const isThere = typeof cluster === 'string';
        jobs.update(
          isThere
            ? await clusters.client.check(cluster, id)
            : await environments.client.check(id)
        );
        await commands.execute(CommandIDs.showEnvironment, {
          environment: id,
          tab: isThere ? 'cluster' : 'check'
        });
      }
    });
    own.add(CommandIDs.compareEnvironment, {
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
    own.add(CommandIDs.copyPrefix, {
      label: trans.__('Copy Path'),
      caption: trans.__("Copy the environment's path to the clipboard"),
      execute: async ({ prefix }) => Clipboard.copyToSystem(prefix)
    });

    addToContextMenu(app.contextMenu);
  }
});

/** Return the packages to update from a command's arguments; TensorFlow by default. */
function packagesOf(args: ReadonlyPartialJSONObject): readonly string[] {
  return Array.isArray(args.packages)
    ? args.packages.map(String)
    : ['tensorflow'];
}

import type { Environment } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { notifyFailure } from '../../dialogs/failureDetails';
import { refusalOf } from '../../models/texts/refusal';
import { plan } from '../../plan';
import { deleteEnvironments } from './deletions';
import { managerClient } from './plugin';

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Plugin with the commands that act on several environments. */
export const selectionPlugin = managerClient({
  id: 'tfenv-lab:selection',
  description: 'Adds the commands that act on several environments.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { environments, jobs, navigation } = manager;

    const add = (
      id: string,
      label: string,
      caption: string,
      canUse: (environment: Environment) => boolean,
      execute: (selected: readonly Environment[]) => Promise<unknown>
    ): void => {
      const selected = (): Environment[] =>
        (environments.environments ?? []).filter(
          each =>
            navigation.selected?.has(each.id) &&
            !jobs.activeOn(each.prefix) &&
            canUse(each)
        );
      commands.addCommand(id, {
        label,
        caption,
        describedBy: NO_ARGS,
        isEnabled: () => selected().length > 0,
        execute: () => execute(selected())
      });
    };

    commands.addCommand(CommandIDs.selectEnvironments, {
      label: trans.__('Select Several'),
      caption: trans.__('Check, update or delete several environments'),
      describedBy: NO_ARGS,
      isToggled: () => navigation.selected !== null,
      execute: () => {
        navigation.selected = navigation.selected ? null : new Set();
      }
    });
    add(
      CommandIDs.checkSelected,
      trans.__('Check'),
      trans.__('Test whether TensorFlow works in the selected environments'),
      ({ tensorflow }) => tensorflow !== null,
      async selected => {
        navigation.selected = null;
        for (const { id, name } of selected) {
          try {
            jobs.update(await environments.client.check(id));
          } catch (error) {
            // The others are checked all the same.
            notifyFailure(name, toFailure(error), trans);
          }
        }
      }
    );
    add(
      CommandIDs.updateSelected,
      trans.__('Update TensorFlow…'),
      trans.__('Plan an update of each selected environment'),
      ({ tensorflow }) => tensorflow !== null,
      async selected => {
        navigation.selected = null;
        const [first, ...then] = selected.map(({ id }) => ({
          kind: 'update' as const,
          environment: id,
          packages: ['tensorflow']
        }));
        await plan(commands, first, then);
      }
    );
    add(
      CommandIDs.deleteSelected,
      trans.__('Delete…'),
      trans.__('Delete the selected environments that may be changed'),
      each => refusalOf(each, trans) === null,
      async selected => {
        if (await deleteEnvironments(selected, app, manager, trans)) {
          navigation.selected = null;
        }
      }
    );
  }
});

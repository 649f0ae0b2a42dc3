import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';

import { CommandIDs } from '../../commandids';
import { panelIcon } from '../../icons';
import type { Sort } from '../../models/state/listRows';
import { SORTS } from '../../models/state/listRows';
import { DETAILS_TABS } from '../../models/state/navigation';
import { ITfenvManager } from '../../tokens';
import { TfenvPanel } from '../../widgets/panel';
import { rememberScreens } from './screenMemory';

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Plugin with the panel, the commands that open its screens, and the settings. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:plugin',
  description: 'Adds the side panel for TensorFlow environments.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [
    ITranslator,
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    IStateDB
  ],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    state: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands, shell } = app;
    const { catalog, environments, navigation, status } = manager;

    const panel = new TfenvPanel({ manager, commands, trans });
    shell.add(panel, 'left', { rank: 350, type: 'Sidebar' });
    restorer?.add(panel, panel.id);

    const show = (): void => shell.activateById(panel.id);

    commands.addCommand(CommandIDs.openPanel, {
      label: trans.__('TensorFlow Environments'),
      caption: trans.__('Show the TensorFlow environments on this server'),
      icon: panelIcon,
      describedBy: NO_ARGS,
      execute: show
    });
    commands.addCommand(CommandIDs.newEnvironment, {
      label: trans.__('New TensorFlow Environment…'),
      caption: trans.__('Create an environment with TensorFlow and a kernel'),
      icon: args => (args.isCard ? panelIcon : addIcon),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            isCard: {
              type: 'boolean',
              description: 'Whether it is a card in the launcher.'
            },
            notebook: {
              type: 'string',
              description:
                'Widget id of the notebook that gets the new environment.'
            },
            cell: {
              type: 'string',
              description: 'Id of the cell that is offered to run again.'
            }
          }
        }
      },
      execute: ({ notebook, cell }) => {
        show();
        navigation.origin =
          typeof notebook === 'string'
            ? { notebook, cell: typeof cell === 'string' ? cell : null }
            : null;
        navigation.open({ name: 'new' });
        void catalog.load();
      }
    });
    commands.addCommand(CommandIDs.showEnvironment, {
      label: trans.__('Show Details'),
      caption: trans.__('Show packages, history and check of this environment'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            environment: { type: 'string' },
            tab: { type: 'string', enum: [...DETAILS_TABS] }
          }
        }
      },
      execute: args => {
        const tab = DETAILS_TABS.find(item => item === args.tab) ?? 'packages';
        show();
        navigation.open({
          name: 'details',
          environment: String(args.environment),
          tab
        });
      }
    });
    commands.addCommand(CommandIDs.showSpace, {
      label: trans.__('Show Disk Space'),
      caption: trans.__('Show what takes the space, and free some'),
      describedBy: NO_ARGS,
      execute: async () => {
        show();
        navigation.open({ name: 'space' });
        await manager.disk.refresh();
      }
    });
    commands.addCommand(CommandIDs.showCompatibility, {
      label: trans.__('Show Compatibility'),
      caption: trans.__(
        'Show which TensorFlow works with which Python, on the CPU and with CUDA'
      ),
      describedBy: NO_ARGS,
      execute: async () => {
        show();
        navigation.open({ name: 'compatibility' });
        await catalog.load();
      }
    });
    commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Refresh'),
      caption: trans.__('Reload environments and channels'),
      icon: refreshIcon,
      describedBy: NO_ARGS,
      execute: async () => {
        await Promise.all([
          environments.refresh(),
          status.refresh(),
          manager.jobs.refresh(),
          navigation.screen.name === 'space' ? manager.disk.refresh() : null,
          catalog.catalog || catalog.error ? catalog.refresh() : null
        ]);
      }
    });

    const category = trans.__('TensorFlow Environments');
    palette?.addItem({ command: CommandIDs.openPanel, category });
    palette?.addItem({ command: CommandIDs.newEnvironment, category });
    palette?.addItem({ command: CommandIDs.showSpace, category });
    palette?.addItem({ command: CommandIDs.showCompatibility, category });

    if (state) {
      void rememberScreens(state, manager);
    }
    if (settings) {
      void followSettings(settings, manager);
    }
  }
};

/** Apply the settings now and whenever they change. */
async function followSettings(
  registry: ISettingRegistry,
  manager: ITfenvManager
): Promise<void> {
  const settings = await registry.load(panelPlugin.id);
  const { navigation } = manager;
  const apply = (): void => {
    const sort = settings.get('sort').composite as Sort;
    navigation.sort = SORTS.includes(sort) ? sort : 'name';
    const packages = settings.get('defaultPackages').composite;
    navigation.defaultPackages = Array.isArray(packages)
      ? packages.map(String)
      : [];
  };
  apply();
  settings.changed.connect(apply);
  navigation.stateChanged.connect(() => {
    if (navigation.sort !== settings.get('sort').composite) {
      void settings.set('sort', navigation.sort);
    }
  });
}

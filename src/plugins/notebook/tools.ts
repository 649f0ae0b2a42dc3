import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  InputDialog,
  Notification
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { consoleIcon, terminalIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Environment } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { notifyFailure } from '../../dialogs/failureDetails';
import { messageWithHint } from '../../models/texts/announcements';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';
import {
  ENVIRONMENT_ARGS,
  environmentFinder
} from '../panel/environmentCommands';

/** Commands of JupyterLab, which a server or a user can turn off. */
const TERMINAL = 'terminal:open';
const CONSOLE = 'console:create';

/** Plugin with the commands that open a terminal, a console or TensorBoard in an environment. */
export const toolsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:tools',
  description: 'Opens terminals, consoles and TensorBoard in an environment.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [ITranslator, ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands, serviceManager } = app;
    const byArgs = environmentFinder(app, manager);
    // From the palette, a command is about the environment of the current notebook.
    const find = (args: ReadonlyPartialJSONObject): Environment | undefined =>
      byArgs(args) ??
      manager.environments.environments?.find(each =>
        manager.environments.isCurrent(each)
      );

    const label = (args: ReadonlyPartialJSONObject, text: string): string => {
      const name = args.isPalette ? find(args)?.name : undefined;
      return name ? trans.__('%1: %2', text, name) : text;
    };

    const openTerminal = async (
      { id, name: title }: Environment,
      logs: string | null
    ): Promise<void> => {
      try {
        const { client } = manager.environments;
        const { name } = await client.openTerminal(id, logs);
        await commands.execute(TERMINAL, { name });
      } catch (error) {
        const failure = toFailure(error);
        if (failure.alternatives.length === 0) {
          notifyFailure(title, failure, trans);
          return;
        }
        Notification.warning(messageWithHint(failure), {
          autoClose: false,
          actions: failure.alternatives.map(({ label, plan_request }) => ({
            label,
            callback: () => {
              void plan(commands, plan_request);
            }
          }))
        });
      }
    };

    commands.addCommand(CommandIDs.openTerminal, {
      label: args => label(args, trans.__('Open Terminal')),
      caption: trans.__('Open a terminal in which the environment is active'),
      icon: terminalIcon,
      describedBy: ENVIRONMENT_ARGS,
      isVisible: () => commands.hasCommand(TERMINAL),
      isEnabled: args => find(args) !== undefined,
      execute: async args => {
        const environment = find(args);
        if (environment) {
          await openTerminal(environment, null);
        }
      }
    });
    commands.addCommand(CommandIDs.openConsole, {
      label: args => label(args, trans.__('Open Console')),
      caption: trans.__("Open a console with this environment's kernel"),
      icon: consoleIcon,
      describedBy: ENVIRONMENT_ARGS,
      isVisible: () => commands.hasCommand(CONSOLE),
      isEnabled: args => !!find(args)?.kernel,
      execute: async args => {
        const name = find(args)?.kernel?.name;
        if (name) {
          await serviceManager.kernelspecs.refreshSpecs();
          await commands.execute(CONSOLE, { kernelPreference: { name } });
        }
      }
    });
    commands.addCommand(CommandIDs.openTensorBoard, {
      label: args => label(args, trans.__('Open TensorBoard…')),
      caption: trans.__(
        'Start TensorBoard in a terminal, which shows its address'
      ),
      describedBy: ENVIRONMENT_ARGS,
      isVisible: args =>
        commands.hasCommand(TERMINAL) && find(args)?.tensorflow !== null,
      isEnabled: args => find(args) !== undefined,
      execute: async args => {
        const environment = find(args);
        if (!environment) {
          return;
        }
        const folder = browser?.model.path.replace(/^[^:/]*:/, '') ?? '';
        const { button, value } = await InputDialog.getText({
          title: trans.__('TensorBoard in %1', environment.name),
          label: trans.__('Directory of the logs, as in the file browser'),
          text: folder === '' ? 'logs' : `${folder}/logs`,
          okLabel: trans.__('Start')
        });
        if (button.accept && value !== null) {
          await openTerminal(environment, value);
        }
      }
    });
    const category = trans.__('TensorFlow Environments');
    for (const command of [
      CommandIDs.openTerminal,
      CommandIDs.openConsole,
      CommandIDs.openTensorBoard
    ]) {
      palette?.addItem({ command, category, args: { isPalette: true } });
    }
  }
};

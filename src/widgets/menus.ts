import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ContextMenu, Menu } from '@lumino/widgets';

import { CommandIDs } from '../commandids';

const SEPARATOR = null;

/** Commands of an environment's menu, which is also the context menu of its row. */
const ENVIRONMENT_COMMANDS = [
  CommandIDs.showEnvironment,
  CommandIDs.openNotebook,
  CommandIDs.useInNotebook,
  CommandIDs.openConsole,
  CommandIDs.openTerminal,
  CommandIDs.openTensorBoard,
  SEPARATOR,
  CommandIDs.updateEnvironment,
  CommandIDs.updateAll,
  CommandIDs.checkEnvironment,
  CommandIDs.addPackages,
  CommandIDs.cloneEnvironment,
  CommandIDs.renameEnvironment,
  CommandIDs.exportEnvironment,
  CommandIDs.compareEnvironment,
  CommandIDs.useKeras2,
  CommandIDs.useKeras3,
  CommandIDs.registerKernel,
  CommandIDs.unregisterKernel,
  CommandIDs.copyPrefix,
  SEPARATOR,
  CommandIDs.deleteEnvironment
];

/** Create the menu of an environment's row. */
export function environmentMenu(
  commands: CommandRegistry,
  environment: string
): Menu {
  const menu = new MenuSvg({ commands });
  for (const command of ENVIRONMENT_COMMANDS) {
    menu.addItem(
      command === SEPARATOR
        ? { type: 'separator' }
        : { command, args: { environment } }
    );
  }
  return menu;
}

/** Add the commands of an environment to the context menu of its row. They find the environment by the row. */
export function addToContextMenu(menu: ContextMenu): void {
  ENVIRONMENT_COMMANDS.forEach((command, rank) => {
    menu.addItem({
      selector: '.jp-TfenvRow[data-environment]',
      rank,
      ...(command === SEPARATOR ? { type: 'separator' } : { command })
    });
  });
}

/** Create the menu of the panel. */
export function panelMenu(commands: CommandRegistry): Menu {
  const menu = new MenuSvg({ commands });
  menu.addItem({ command: CommandIDs.newEnvironment });
  menu.addItem({ command: CommandIDs.importEnvironment });
  menu.addItem({ command: CommandIDs.showCompatibility });
  menu.addItem({ command: CommandIDs.showSpace });
  menu.addItem({ command: CommandIDs.selectEnvironments });
  menu.addItem({ command: CommandIDs.refresh });
  menu.addItem({ type: 'separator' });
  menu.addItem({
    command: 'settingeditor:open',
    args: { query: 'TensorFlow Environments' }
  });
  return menu;
}

/**
 * Open a menu below its button, and return the focus to the button when the menu closes.
 *
 * That is before its command runs, so that a dialog of the command returns the focus to the button, too.
 */
export function openBelow(menu: Menu, anchor: HTMLElement): void {
  const box = anchor.getBoundingClientRect();
  menu.aboutToClose.connect(() => {
    anchor.setAttribute('aria-expanded', 'false');
    anchor.focus();
    requestAnimationFrame(() => menu.dispose());
  });
  anchor.setAttribute('aria-expanded', 'true');
  menu.open(box.left, box.bottom);
}

import { CommandRegistry } from '@lumino/commands';
import { ContextMenu } from '@lumino/widgets';

import { CommandIDs } from '../../commandids';
import { addToContextMenu, environmentMenu } from '../menus';

/** Open the context menu of a row and return its items' commands; null stands for a separator. */
function contextMenu(commands: CommandRegistry): (string | null)[] {
  const menu = new ContextMenu({ commands });
  addToContextMenu(menu);
  const row = document.createElement('li');
  row.className = 'jp-TfenvRow';
  row.dataset.environment = 'a1';
  document.body.append(row);
  const event = new MouseEvent('contextmenu', { bubbles: true });
  row.addEventListener('contextmenu', () => menu.open(event));
  row.dispatchEvent(event);
  const shown = menu.menu.items.map(item => item.command || null);
  menu.menu.close();
  row.remove();
  return shown;
}

describe('the menus of an environment', () => {
  it('are the same behind the button of its row and in its context menu', () => {
    const commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, { execute: () => undefined });
    }
    const menu = environmentMenu(commands, 'a1');
    const behindButton = menu.items.map(item => item.command || null);
    expect(contextMenu(commands)).toEqual(behindButton);
    expect(behindButton).toContain(CommandIDs.deleteEnvironment);
  });
});

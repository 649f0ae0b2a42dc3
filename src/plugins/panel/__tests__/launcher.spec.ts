import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ILauncher } from '@jupyterlab/launcher';
import { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../../../commandids';
import { launcherPlugin } from '../launcher';

describe('The launcher', () => {
  const app = { commands: new CommandRegistry() } as JupyterFrontEnd;

  it('has a card that opens the form for a new environment', () => {
    const items: ILauncher.IItemOptions[] = [];
    const launcher = {
      add: (item: ILauncher.IItemOptions) => items.push(item)
    } as unknown as ILauncher;
    void launcherPlugin.activate(app, launcher, null);
    expect(items.map(({ command }) => command)).toEqual([
      CommandIDs.newEnvironment
    ]);
  });

  it('may be missing, as in Notebook 7', () => {
    expect(() => launcherPlugin.activate(app, null, null)).not.toThrow();
  });
});

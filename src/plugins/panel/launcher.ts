import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../../commandids';

/** Plugin with a card in the launcher that opens the form for a new environment. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:launcher',
  description: 'Adds a card for a new environment to the launcher.',
  autoStart: true,
  // Notebook 7 has no launcher.
  optional: [ILauncher, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ): void => {
    launcher?.add({
      command: CommandIDs.newEnvironment,
      args: { isCard: true },
      // JupyterLab's own category, so JupyterLab translates it.
      category: (translator ?? nullTranslator).load('jupyterlab').__('Other')
    });
  }
};

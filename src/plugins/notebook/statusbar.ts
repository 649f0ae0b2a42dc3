import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { KernelSpec } from '@jupyterlab/services';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ITfenvManager } from '../../tokens';
import { StatusItem } from '../../widgets/statusItem';

/** Plugin that shows the current notebook's environment in the status bar. */
export const statusBarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:statusbar',
  description: 'Shows the environment of the current notebook.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { environments, records } = manager;
    const { kernelspecs } = app.serviceManager;
    statusBar.registerStatusItem('tfenv-lab:statusbar', {
      item: new StatusItem({
        environments,
        records,
        commands: app.commands,
        trans
      }),
      align: 'left',
      rank: 2,
      isActive: () => environments.current !== undefined,
      activeStateChanged: environments.stateChanged
    });

    /** The kernel of the last refresh, which prevents a second one for the same kernel. */
    let asked: string | null = null;
    const refreshIfUnknown = (): void => {
      const kernel = environments.currentKernel;
      if (kernel === null || kernel === asked || environments.current) {
        return;
      }
      if (isOfEnvironment(kernelspecs.specs?.kernelspecs[kernel])) {
        asked = kernel;
        void environments.refresh();
      }
    };
    environments.stateChanged.connect(refreshIfUnknown);
    // After a page reload, notebooks can have their kernels before the kernelspecs are loaded.
    kernelspecs.specsChanged.connect(refreshIfUnknown);
  }
};

/** Whether a kernelspec belongs to a conda environment. nb_conda_kernels uses the same field. */
function isOfEnvironment(spec: KernelSpec.ISpecModel | undefined): boolean {
  return typeof spec?.metadata?.conda_env_path === 'string';
}
